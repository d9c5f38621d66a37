//! Lists of small numbers under small numbers, in two arrays; and the strong components of such a
//! graph.

/// A count or an index, in the 32 bits that the flat arrays keep.
///
/// # Panics
///
/// At four billion plugins, requirements or edges.
pub(super) fn small(count: usize) -> u32 {
    u32::try_from(count).expect("fewer than 2^32 plugins, requirements and edges")
}

/// For each key a list of items, in the order in which they were given: "compressed sparse rows".
#[derive(Debug)]
pub(super) struct Flat<T = u32> {
    start: Vec<u32>,
    items: Vec<T>,
}

impl<T: Copy + Default> Flat<T> {
    /// Sorts pairs of key and item by counting; `keys` is one more than the largest key.
    pub(super) fn new(keys: usize, pairs: impl Iterator<Item = (u32, T)> + Clone) -> Self {
        // `start[key + 1]` counts first, then is where the next item of `key` goes, and so ends as
        // where the list of `key + 1` begins.
        let mut start = vec![0_u32; keys + 2];
        for (key, _) in pairs.clone() {
            start[key as usize + 2] += 1;
        }
        for key in 2..start.len() {
            start[key] += start[key - 1];
        }
        let mut items = vec![T::default(); start[keys + 1] as usize];
        for (key, item) in pairs {
            let place = &mut start[key as usize + 1];
            items[*place as usize] = item;
            *place += 1;
        }
        Self { start, items }
    }

    /// The items of a key.
    pub(super) fn of(&self, key: u32) -> &[T] {
        let key = key as usize;
        &self.items[self.start[key] as usize..self.start[key + 1] as usize]
    }

    /// One more than the largest key.
    pub(super) fn keys(&self) -> usize {
        self.start.len() - 2
    }
}

/// The strongly connected components of a graph.
pub(super) struct Components {
    /// Which component a vertex is in. A component has a larger number than those that its edges
    /// lead to.
    pub(super) of: Vec<u32>,
    /// How many there are.
    pub(super) count: usize,
}

impl Components {
    /// Tarjan's algorithm ("Depth-first search and linear graph algorithms", 1972) with a stack of
    /// its own, so that a chain of any length will do. `edges.of(v)` are the vertices that `v`
    /// leads to.
    pub(super) fn new(edges: &Flat) -> Self {
        const UNSEEN: u32 = u32::MAX;
        let vertices = edges.keys();
        let mut of = vec![UNSEEN; vertices];
        let mut seen = vec![UNSEEN; vertices];
        let mut low = vec![0_u32; vertices];
        let (mut clock, mut count) = (0_u32, 0_u32);
        let mut open: Vec<u32> = Vec::new();
        let mut path: Vec<(u32, usize)> = Vec::new();
        for root in 0..small(vertices) {
            if seen[root as usize] != UNSEEN {
                continue;
            }
            path.push((root, 0));
            while let Some(&mut (vertex, ref mut next)) = path.last_mut() {
                let v = vertex as usize;
                if *next == 0 {
                    (seen[v], low[v]) = (clock, clock);
                    clock += 1;
                    open.push(vertex);
                }
                if let Some(&to) = edges.of(vertex).get(*next) {
                    *next += 1;
                    let t = to as usize;
                    if seen[t] == UNSEEN {
                        path.push((to, 0));
                    } else if of[t] == UNSEEN {
                        low[v] = low[v].min(seen[t]);
                    }
                    continue;
                }
                path.pop();
                if low[v] == seen[v] {
                    while let Some(member) = open.pop() {
                        of[member as usize] = count;
                        if member == vertex {
                            break;
                        }
                    }
                    count += 1;
                }
                if let Some(&(parent, _)) = path.last() {
                    let p = parent as usize;
                    low[p] = low[p].min(low[v]);
                }
            }
        }
        Self {
            of,
            count: count as usize,
        }
    }

    /// The members of each component, smallest first.
    pub(super) fn members(&self) -> Flat {
        Flat::new(
            self.count,
            self.of
                .iter()
                .zip(0..)
                .map(|(&component, vertex)| (component, vertex)),
        )
    }
}
