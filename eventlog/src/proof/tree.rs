//! RFC 6962 Merkle trees: which subtrees a tree or a proof consists of, and how they are hashed.
//! Nothing here reads or writes.

use std::ops::Range;

use sha2::{Digest as _, Sha256};

use crate::envelope::EventHash;

pub type Hash = [u8; 32];

/// The hash of a leaf. A leaf of the tree is the hash of an event.
pub fn leaf(event: &EventHash) -> Hash {
    Sha256::new().chain_update([0]).chain_update(event.0).finalize().into()
}

pub fn node(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

/// A full subtree over the leaves `index << level ..  (index + 1) << level`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Perfect {
    pub level: u8,
    pub index: u64,
}

/// The largest full subtrees that lie side by side over these leaves, from the left.
pub fn cover(leaves: Range<u64>) -> Vec<Perfect> {
    let Range { start: mut at, end } = leaves;
    let mut found = Vec::new();
    while at < end {
        let aligned = if at == 0 { 63 } else { at.trailing_zeros() };
        let level = aligned.min((end - at).ilog2());
        found.push(Perfect { level: u8::try_from(level).unwrap_or(63), index: at >> level });
        at += 1 << level;
    }
    found
}

/// The hash of a subtree of the RFC from the hashes of its [`cover`]. Of no leaves: the hash of
/// nothing.
pub fn subtree(cover: &[Hash]) -> Hash {
    let mut from_right = cover.iter().rev();
    match from_right.next() {
        None => Sha256::digest([]).into(),
        Some(last) => from_right.fold(*last, |right, left| node(left, &right)),
    }
}

/// The subtrees whose hashes prove that leaf `index` is in the tree of `size`, from the leaf up.
pub fn inclusion_path(index: u64, size: u64) -> Vec<Range<u64>> {
    let mut tree = 0..size;
    let mut path = Vec::new();
    while tree.end - tree.start > 1 {
        let middle = split(&tree);
        if index < middle {
            path.push(middle..tree.end);
            tree.end = middle;
        } else {
            path.push(tree.start..middle);
            tree.start = middle;
        }
    }
    path.reverse();
    path
}

/// The subtrees whose hashes prove that the tree of `size` begins with the one of `older`.
pub fn consistency_path(older: u64, size: u64) -> Vec<Range<u64>> {
    let mut tree = 0..size;
    let mut path = Vec::new();
    // Whether the older tree's own root is still the left edge; whoever verifies knows it.
    let mut whole = true;
    while older > 0 && older < tree.end {
        let middle = split(&tree);
        if older <= middle {
            path.push(middle..tree.end);
            tree.end = middle;
        } else {
            path.push(tree.start..middle);
            tree.start = middle;
            whole = false;
        }
    }
    if older > 0 && !whole {
        path.push(tree);
    }
    path.reverse();
    path
}

/// Where a tree of at least two leaves is divided: its left side is the largest full one.
fn split(tree: &Range<u64>) -> u64 {
    tree.start + (1 << (tree.end - tree.start - 1).ilog2())
}

/// A tree to which leaves are added: of each full subtree on its right edge only the hash is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    edge: Vec<Hash>,
}

impl Frontier {
    /// From the hashes of the [`cover`] of a whole tree.
    pub const fn new(size: u64, cover: Vec<Hash>) -> Self {
        Self { size, edge: cover }
    }

    pub const fn size(&self) -> u64 {
        self.size
    }

    pub fn root(&self) -> Hash {
        subtree(&self.edge)
    }

    /// Adds a leaf; `completed` sees every full subtree that ends with it, the leaf first.
    pub fn push(&mut self, leaf: Hash, completed: impl FnMut(Perfect, &Hash)) {
        self.push_perfect(0, leaf, completed);
    }

    /// Adds a full subtree at a place where one of its level may stand.
    pub fn push_perfect(
        &mut self,
        level: u8,
        mut hash: Hash,
        mut completed: impl FnMut(Perfect, &Hash),
    ) {
        let mut place = Perfect { level, index: self.size >> level };
        completed(place, &hash);
        while place.index & 1 == 1 {
            let Some(left) = self.edge.pop() else { break };
            hash = node(&left, &hash);
            place = Perfect { level: place.level + 1, index: place.index >> 1 };
            completed(place, &hash);
        }
        self.edge.push(hash);
        self.size += 1 << level;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_some_leaves_then_the_largest_full_subtrees_cover_them() {
        let of = |leaves| cover(leaves).iter().map(|p| (p.level, p.index)).collect::<Vec<_>>();
        assert_eq!(of(0..8), [(3, 0)]);
        assert_eq!(of(0..7), [(2, 0), (1, 2), (0, 6)]);
        assert_eq!(of(3..8), [(0, 3), (2, 1)]);
        assert_eq!(of(5..6), [(0, 5)]);
        assert!(of(4..4).is_empty());
    }

    #[test]
    fn the_empty_tree_is_the_hash_of_nothing() {
        let hash = EventHash(Frontier::default().root()).to_string();
        assert_eq!(hash, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }
}
