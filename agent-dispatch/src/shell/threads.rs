//! Threads that are used again: two for each attempt are cheap, making them anew ten thousand times is not.

use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

type Task = Box<dyn FnOnce() + Send>;

/// As many threads as ever were busy at once.
#[derive(Clone, Default)]
pub(super) struct Threads {
    idle: Arc<Mutex<Vec<Sender<Task>>>>,
}

impl Threads {
    /// Runs it now, on a thread of its own.
    pub(super) fn run(&self, task: impl FnOnce() + Send + 'static) {
        let task: Task = Box::new(task);
        let idle = self.lock().pop();
        let task = match idle {
            Some(thread) => match thread.send(task) {
                Ok(()) => return,
                Err(unsent) => unsent.0,
            },
            None => task,
        };
        let threads = self.clone();
        thread::spawn(move || threads.live(task));
    }

    fn live(&self, first: Task) {
        let (sender, tasks) = channel::<Task>();
        first();
        loop {
            self.lock().push(sender.clone());
            let Ok(task) = tasks.recv() else { return };
            task();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Sender<Task>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_for_each_other_runs_at_once_and_threads_come_back() {
        let threads = Threads::default();
        for _ in 0..50 {
            let (there, here) = (channel::<()>(), channel::<()>());
            let (told, hears) = (there.0, here.1);
            threads.run(move || {
                told.send(()).unwrap();
                hears.recv().unwrap();
            });
            let (answers, asked) = (here.0, there.1);
            let (done, end) = channel();
            threads.run(move || {
                asked.recv().unwrap();
                answers.send(()).unwrap();
                done.send(()).unwrap();
            });
            end.recv().unwrap();
        }
        assert!(threads.lock().len() < 50, "threads are used again");
    }
}
