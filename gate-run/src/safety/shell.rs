//! A line for the shell, taken apart into the commands in it, also those within others.

/// One simple command.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Simple {
    pub(super) words: Vec<String>,
    /// Files that it writes to by redirection.
    pub(super) writes: Vec<String>,
    /// It reads what the command before it prints.
    pub(super) piped: bool,
}

/// Deepest nesting of substitutions.
const MAX_DEPTH: usize = 8;

/// All the commands in a line; an error when it cannot be told what would run.
pub(super) fn commands(line: &str) -> Result<Vec<Simple>, String> {
    let mut reading = Reading {
        rest: line.chars().collect::<Vec<_>>().into_iter().peekable(),
        done: Vec::new(),
        current: Simple::default(),
        word: None,
        redirects: false,
    };
    reading.read(0)?;
    Ok(reading.done)
}

struct Reading {
    rest: std::iter::Peekable<std::vec::IntoIter<char>>,
    done: Vec<Simple>,
    current: Simple,
    word: Option<String>,
    /// The next word is the file of a redirection.
    redirects: bool,
}

impl Reading {
    fn read(&mut self, depth: usize) -> Result<(), String> {
        if depth > MAX_DEPTH {
            return Err("it is nested too deeply to tell what it runs".to_owned());
        }
        while let Some(c) = self.rest.next() {
            match c {
                '\'' => {
                    let text = self.until('\'')?;
                    self.word.get_or_insert_default().push_str(&text);
                }
                '"' => self.quoted(depth)?,
                '\\' => {
                    let next = self.rest.next();
                    self.word.get_or_insert_default().extend(next);
                }
                '`' => {
                    let inner = self.until('`')?;
                    self.inner(&inner, depth)?;
                }
                '$' if self.rest.peek() == Some(&'(') => self.substitution(depth)?,
                '$' if self.word.is_none() && self.current.words.is_empty() && !self.redirects => {
                    return Err("what it runs stands in a variable".to_owned());
                }
                ';' | '\n' | '(' | ')' => self.end(false),
                '|' | '&' if self.rest.peek() == Some(&c) => {
                    self.rest.next();
                    self.end(false);
                }
                '|' => self.end(true),
                // `2>&1` and `&>file`
                '&' if self.redirects => self.redirects = false,
                '&' if self.rest.peek() == Some(&'>') => {}
                '&' => self.end(false),
                '>' => {
                    // The number before it is a stream and no word.
                    if self
                        .word
                        .as_ref()
                        .is_some_and(|word| word.chars().all(|c| c.is_ascii_digit()))
                    {
                        self.word = None;
                    }
                    self.close();
                    if self.rest.peek() == Some(&'>') {
                        self.rest.next();
                    }
                    self.redirects = true;
                }
                '#' if self.word.is_none() => while self.rest.next_if(|c| *c != '\n').is_some() {},
                c if c.is_whitespace() => self.close(),
                c => self.word.get_or_insert_default().push(c),
            }
        }
        self.end(false);
        Ok(())
    }

    fn quoted(&mut self, depth: usize) -> Result<(), String> {
        self.word.get_or_insert_default();
        loop {
            match self.rest.next() {
                None => return Err("a quote is not closed".to_owned()),
                Some('"') => return Ok(()),
                Some('\\') => {
                    let next = self.rest.next();
                    self.word.get_or_insert_default().extend(next);
                }
                Some('`') => {
                    let inner = self.until('`')?;
                    self.inner(&inner, depth)?;
                }
                Some('$') if self.rest.peek() == Some(&'(') => self.substitution(depth)?,
                Some(c) => self.word.get_or_insert_default().push(c),
            }
        }
    }

    /// `$(…)`: what is in it runs, and stands for a word that is not known.
    fn substitution(&mut self, depth: usize) -> Result<(), String> {
        self.rest.next();
        let (mut inner, mut open) = (String::new(), 1);
        for c in self.rest.by_ref() {
            open += i32::from(c == '(') - i32::from(c == ')');
            if open == 0 {
                break;
            }
            inner.push(c);
        }
        if open != 0 {
            return Err("a substitution is not closed".to_owned());
        }
        self.inner(&inner, depth)
    }

    fn inner(&mut self, line: &str, depth: usize) -> Result<(), String> {
        if self.word.is_none() && self.current.words.is_empty() {
            return Err("what it runs is what another command prints".to_owned());
        }
        let mut reading = Reading {
            rest: line.chars().collect::<Vec<_>>().into_iter().peekable(),
            done: Vec::new(),
            current: Simple::default(),
            word: None,
            redirects: false,
        };
        reading.read(depth + 1)?;
        self.done.extend(reading.done);
        self.word.get_or_insert_default().push_str("$()");
        Ok(())
    }

    fn until(&mut self, end: char) -> Result<String, String> {
        let mut text = String::new();
        for c in self.rest.by_ref() {
            if c == end {
                return Ok(text);
            }
            text.push(c);
        }
        Err("a quote is not closed".to_owned())
    }

    fn close(&mut self) {
        let Some(word) = self.word.take() else {
            return;
        };
        if std::mem::take(&mut self.redirects) {
            self.current.writes.push(word);
        } else {
            self.current.words.push(word);
        }
    }

    fn end(&mut self, pipes: bool) {
        self.close();
        self.redirects = false;
        let command = std::mem::take(&mut self.current);
        if !command.words.is_empty() || !command.writes.is_empty() {
            self.done.push(command);
        }
        self.current.piped = pipes;
    }
}
