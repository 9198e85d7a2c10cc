//! Merkle trees as RFC 6962 and RFC 9162 verify them.

use sha2::{Digest as _, Sha256};

pub type Hash = [u8; 32];

pub fn leaf_hash(entry: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(entry).finalize().into()
}

fn parent(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

/// Where a leaf and its path lead (RFC 9162, 2.1.3.2); none where they cannot be of that tree.
pub fn root_of_path(index: u64, size: u64, leaf: Hash, path: &[Hash]) -> Option<Hash> {
    if index >= size {
        return None;
    }
    let (mut fn_, mut sn) = (index, size - 1);
    let mut root = leaf;
    for hash in path {
        if sn == 0 {
            return None;
        }
        if fn_ & 1 == 1 || fn_ == sn {
            root = parent(hash, &root);
            while fn_ & 1 == 0 && fn_ != 0 {
                fn_ >>= 1;
                sn >>= 1;
            }
        } else {
            root = parent(&root, hash);
        }
        fn_ >>= 1;
        sn >>= 1;
    }
    (sn == 0).then_some(root)
}

/// Whether a tree begins with an older one (RFC 9162, 2.1.4.2).
pub fn is_consistent(older: (u64, Hash), newer: (u64, Hash), path: &[Hash]) -> bool {
    let ((first, first_hash), (second, second_hash)) = (older, newer);
    if first == second {
        return path.is_empty() && first_hash == second_hash;
    }
    if first == 0 || first > second {
        return false;
    }
    let mut path = path.iter();
    let (mut fn_, mut sn) = (first - 1, second - 1);
    while fn_ & 1 == 1 {
        fn_ >>= 1;
        sn >>= 1;
    }
    // A full older tree is itself the first hash of the path.
    let start = if first.is_power_of_two() { Some(&first_hash) } else { path.next() };
    let Some(start) = start else { return false };
    let (mut fr, mut sr) = (*start, *start);
    for hash in path {
        if sn == 0 {
            return false;
        }
        if fn_ & 1 == 1 || fn_ == sn {
            fr = parent(hash, &fr);
            sr = parent(hash, &sr);
            while fn_ & 1 == 0 && fn_ != 0 {
                fn_ >>= 1;
                sn >>= 1;
            }
        } else {
            sr = parent(&sr, hash);
        }
        fn_ >>= 1;
        sn >>= 1;
    }
    sn == 0 && fr == first_hash && sr == second_hash
}

/// A tree that is put together from left to right, of full subtrees that were given and of leaves.
#[derive(Debug, Default)]
pub struct Growing {
    size: u64,
    /// Level and hash of the full subtrees so far, each lower than the one before.
    parts: Vec<(u32, Hash)>,
}

impl Growing {
    pub const fn size(&self) -> u64 {
        self.size
    }

    pub fn add_leaf(&mut self, leaf: Hash) {
        self.add(0, leaf);
    }

    /// Adds the full subtrees that lie side by side up to `end`, the largest that fit; false
    /// where there are more or fewer hashes than that takes.
    pub fn add_up_to(&mut self, end: u64, hashes: &[Hash]) -> bool {
        for hash in hashes {
            if self.size >= end {
                return false;
            }
            let fits = (end - self.size).ilog2();
            let level = if self.size == 0 { fits } else { fits.min(self.size.trailing_zeros()) };
            self.add(level, *hash);
        }
        self.size == end
    }

    fn add(&mut self, level: u32, hash: Hash) {
        let (mut level, mut hash) = (level, hash);
        self.size += 1 << level;
        while let Some((_, left)) = self.parts.pop_if(|(of, _)| *of == level) {
            hash = parent(&left, &hash);
            level += 1;
        }
        self.parts.push((level, hash));
    }

    pub fn root(&self) -> Hash {
        let mut parts = self.parts.iter().rev();
        match parts.next() {
            None => Sha256::digest([]).into(),
            Some((_, last)) => parts.fold(*last, |right, (_, left)| parent(left, &right)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(count: u8) -> Vec<Hash> {
        (0..count).map(|number| leaf_hash(&[number])).collect()
    }

    /// The definition in RFC 6962, word by word.
    fn mth(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => Sha256::digest([]).into(),
            [leaf] => *leaf,
            _ => {
                let (left, right) = leaves.split_at(1 << (leaves.len() - 1).ilog2());
                parent(&mth(left), &mth(right))
            }
        }
    }

    fn path(index: usize, leaves: &[Hash]) -> Vec<Hash> {
        if leaves.len() <= 1 {
            return Vec::new();
        }
        let (left, right) = leaves.split_at(1 << (leaves.len() - 1).ilog2());
        let (mut path, other) = if index < left.len() {
            (path(index, left), mth(right))
        } else {
            (path(index - left.len(), right), mth(left))
        };
        path.push(other);
        path
    }

    #[test]
    fn a_tree_grows_as_the_rfc_defines_it() {
        let all = leaves(70);
        let mut tree = Growing::default();
        for (count, leaf) in all.iter().enumerate() {
            assert_eq!(tree.root(), mth(&all[..count]));
            tree.add_leaf(*leaf);
        }
    }

    #[test]
    fn only_the_right_path_leads_to_the_root() {
        for count in 1..=33 {
            let all = leaves(count);
            let root = mth(&all);
            for index in 0..all.len() {
                let path = path(index, &all);
                let (at, size) = (index as u64, u64::from(count));
                assert_eq!(root_of_path(at, size, all[index], &path), Some(root));
                for wrong in (0..size).filter(|wrong| *wrong != at) {
                    assert_ne!(root_of_path(wrong, size, all[index], &path), Some(root));
                }
                assert_eq!(
                    root_of_path(at, size, all[index], &[&path[..], &[root]].concat()),
                    None
                );
                if !path.is_empty() {
                    let short = &path[..path.len() - 1];
                    assert_eq!(root_of_path(at, size, all[index], short), None);
                }
            }
            assert_eq!(root_of_path(u64::from(count), u64::from(count), all[0], &[]), None);
        }
    }

    #[test]
    fn a_stretch_needs_exactly_the_hashes_beside_it() {
        let all = leaves(13);
        let mut tree = Growing::default();
        assert!(tree.add_up_to(4, &[mth(&all[..4])]));
        all[4..7].iter().for_each(|leaf| tree.add_leaf(*leaf));
        let right = [all[7], mth(&all[8..12]), all[12]];
        assert!(!Growing::default().add_up_to(4, &[]));
        assert!(tree.add_up_to(13, &right));
        assert_eq!(tree.root(), mth(&all));
        assert!(!tree.add_up_to(13, &[all[0]]), "one hash too many");
    }

    mod against_ct_merkle {
        use ct_merkle::mem_backed_tree::MemoryBackedTree;
        use proptest::prelude::*;

        use super::super::*;

        type Theirs = MemoryBackedTree<Sha256, Vec<u8>>;

        fn theirs(leaves: &[Vec<u8>]) -> Theirs {
            let mut tree = Theirs::new();
            for leaf in leaves {
                tree.push(leaf.clone());
            }
            tree
        }

        fn root(tree: &Theirs) -> Hash {
            (*tree.root().as_bytes()).into()
        }

        fn hashes(bytes: &[u8]) -> Vec<Hash> {
            bytes.chunks(32).map(|hash| hash.try_into().unwrap()).collect()
        }

        proptest! {
            #[test]
            fn given_proofs_of_ct_merkle_then_they_hold_here(
                leaves in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..200),
                at in any::<prop::sample::Index>(),
            ) {
                let tree = theirs(&leaves);
                let (size, index) = (leaves.len() as u64, at.index(leaves.len()));
                let mut ours = Growing::default();
                for leaf in &leaves {
                    ours.add_leaf(leaf_hash(leaf));
                }
                prop_assert_eq!(ours.root(), root(&tree));

                let path = hashes(tree.prove_inclusion(index).as_bytes());
                let found = root_of_path(index as u64, size, leaf_hash(&leaves[index]), &path);
                prop_assert_eq!(found, Some(root(&tree)));

                let older = index as u64 + 1;
                let old_root = root(&theirs(&leaves[..=index]));
                if older < size {
                    let added = leaves.len() - index - 1;
                    let path = hashes(tree.prove_consistency(added).as_bytes());
                    prop_assert!(is_consistent((older, old_root), (size, root(&tree)), &path));
                    let mut other = old_root;
                    other[0] ^= 1;
                    prop_assert!(!is_consistent((older, other), (size, root(&tree)), &path));
                    let mut wrong = path.clone();
                    wrong[0][5] ^= 4;
                    prop_assert!(!is_consistent((older, old_root), (size, root(&tree)), &wrong));
                    let short = &path[..path.len() - 1];
                    prop_assert!(!is_consistent((older, old_root), (size, root(&tree)), short));
                } else {
                    prop_assert!(is_consistent((older, old_root), (size, root(&tree)), &[]));
                }
            }
        }
    }
}
