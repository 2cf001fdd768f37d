//! A queue of small numbers, the smallest first.

/// A set of numbers below a limit, as bits, and above them bits that tell which words have any.
///
/// Urgencies are places in an order: dense numbers. For a million of them this takes a third of the time of a heap, whose
/// every step is a cache miss.
#[derive(Debug)]
pub(crate) struct Queue {
    /// The numbers themselves first; the last level is one word.
    levels: Vec<Vec<u64>>,
}

impl Queue {
    pub(crate) fn new(limit: usize) -> Queue {
        let mut levels = Vec::new();
        let mut words = limit.div_ceil(64).max(1);
        loop {
            levels.push(vec![0; words]);
            if words == 1 {
                return Queue { levels };
            }
            words = words.div_ceil(64);
        }
    }

    pub(crate) fn push(&mut self, number: u32) {
        let mut at = number as usize;
        for level in &mut self.levels {
            let word = &mut level[at / 64];
            let was_empty = *word == 0;
            *word |= 1 << (at % 64);
            if !was_empty {
                return;
            }
            at /= 64;
        }
    }

    /// Takes the smallest.
    pub(crate) fn pop(&mut self) -> Option<u32> {
        let mut at = 0;
        for level in self.levels.iter().rev() {
            let word = level[at];
            if word == 0 {
                return None;
            }
            at = at * 64 + word.trailing_zeros() as usize;
        }
        let number = at as u32;
        for level in &mut self.levels {
            let word = &mut level[at / 64];
            *word &= !(1 << (at % 64));
            if *word != 0 {
                break;
            }
            at /= 64;
        }
        Some(number)
    }
}

#[cfg(test)]
mod tests {
    use std::cmp::Reverse;
    use std::collections::BinaryHeap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_heap_of_different_numbers(steps in proptest::collection::vec(proptest::option::of(0u32..5000), 0..300)) {
            let (mut queue, mut heap) = (Queue::new(5000), BinaryHeap::new());
            let mut inside = std::collections::HashSet::new();
            for step in steps {
                match step {
                    Some(number) if inside.insert(number) => {
                        queue.push(number);
                        heap.push(Reverse(number));
                    }
                    Some(_) => {}
                    None => {
                        let expected = heap.pop().map(|Reverse(number)| number);
                        if let Some(number) = expected {
                            inside.remove(&number);
                        }
                        prop_assert_eq!(queue.pop(), expected);
                    }
                }
            }
        }
    }

    #[test]
    fn an_empty_one_has_nothing() {
        assert_eq!(Queue::new(0).pop(), None);
        assert_eq!(Queue::new(64).pop(), None);
    }
}
