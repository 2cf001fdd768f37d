//! A failure ends the program: what failed first, its causes below.

use std::error::Error;
use std::fmt;

use crate::Exit;

/// Why a program cannot go on. Messages are lower case, without a final stop, and say first what failed.
///
/// Problems of the *input* are data ([`crate::Problem`]); a failure is about this run of this program.
#[derive(Debug)]
pub struct Failure {
    /// The exit code that this failure means.
    pub exit: Exit,
    /// What failed, then what it was about. Empty for a failure that has been told already.
    pub message: String,
    /// One line of advice.
    pub help: Option<String>,
    /// What led to it, outermost first.
    pub causes: Vec<String>,
}

impl Failure {
    fn new(exit: Exit, message: impl Into<String>) -> Failure {
        Failure {
            exit,
            message: message.into(),
            help: None,
            causes: Vec::new(),
        }
    }

    /// Code 1: the honest no.
    pub fn no(message: impl Into<String>) -> Failure {
        Failure::new(Exit::No, message)
    }

    /// Code 2: called wrongly.
    pub fn usage(message: impl Into<String>) -> Failure {
        Failure::new(Exit::Usage, message)
    }

    /// Code 3: the input is missing, empty or not what it should be.
    pub fn input(message: impl Into<String>) -> Failure {
        Failure::new(Exit::Input, message)
    }

    /// Code 4: the surroundings failed.
    pub fn trouble(message: impl Into<String>) -> Failure {
        Failure::new(Exit::Trouble, message)
    }

    /// Ends the program with `exit` and says nothing: it has been said.
    pub fn told(exit: Exit) -> Failure {
        Failure::new(exit, "")
    }

    /// Adds the error that led here, with everything below it.
    #[must_use]
    pub fn because(mut self, error: &dyn Error) -> Failure {
        let mut cause = Some(error);
        while let Some(error) = cause {
            self.causes.push(error.to_string());
            cause = error.source();
        }
        self
    }

    /// Adds one line of advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Failure {
        self.help = Some(help.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.message)?;
        for cause in &self.causes {
            write!(f, "\n  caused by: {cause}")?;
        }
        if let Some(help) = &self.help {
            write!(f, "\n  help: {help}")?;
        }
        Ok(())
    }
}

impl Error for Failure {}

/// An error that nobody classified is trouble with the surroundings.
impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Failure {
        match error.downcast::<Failure>() {
            Ok(failure) => failure,
            Err(error) => {
                let mut chain = error.chain().map(ToString::to_string);
                let mut failure = Failure::trouble(chain.next().unwrap_or_default());
                failure.causes = chain.collect();
                failure
            }
        }
    }
}
