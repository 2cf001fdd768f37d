//! Lists of numbers, all in one array: a million short `Vec`s would each be an allocation.

/// Rows of numbers.
#[derive(Debug, Clone)]
pub(crate) struct Rows {
    starts: Vec<u32>,
    items: Vec<u32>,
}

impl Rows {
    /// From pairs of row and item. Within a row items keep their order.
    pub(crate) fn new(rows: usize, pairs: impl Iterator<Item = (u32, u32)> + Clone) -> Rows {
        let mut starts = vec![0u32; rows + 1];
        for (row, _) in pairs.clone() {
            starts[row as usize + 1] += 1;
        }
        for row in 0..rows {
            starts[row + 1] += starts[row];
        }
        let mut next = starts.clone();
        let mut items = vec![0; starts[rows] as usize];
        for (row, item) in pairs {
            let at = &mut next[row as usize];
            items[*at as usize] = item;
            *at += 1;
        }
        Rows { starts, items }
    }

    pub(crate) fn row(&self, row: u32) -> &[u32] {
        let row = row as usize;
        &self.items[self.starts[row] as usize..self.starts[row + 1] as usize]
    }

    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// How many items there are in all rows together.
    pub(crate) fn total(&self) -> usize {
        self.items.len()
    }

    /// How many items there are in each row.
    pub(crate) fn lengths(&self) -> Vec<u32> {
        let pairs = self.starts.windows(2);
        pairs.map(|pair| pair[1] - pair[0]).collect()
    }
}
