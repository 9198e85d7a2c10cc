//! Our trees and paths against those of ct-merkle.

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use eventlog::{
    EventHash,
    proof::{Frontier, Hash, consistency_path, cover, inclusion_path, leaf, subtree},
};
use proptest::prelude::*;
use sha2::Sha256;

type Theirs = MemoryBackedTree<Sha256, Vec<u8>>;

struct Trees {
    theirs: Theirs,
    leaves: Vec<Hash>,
    ours: Frontier,
}

fn trees(size: usize, seed: u64) -> Trees {
    let mut trees = Trees { theirs: Theirs::new(), leaves: Vec::new(), ours: Frontier::default() };
    for number in 0..size as u64 {
        let mut event = [0; 32];
        event[..8].copy_from_slice(&seed.wrapping_add(number).to_be_bytes());
        trees.theirs.push(event.to_vec());
        trees.leaves.push(leaf(&EventHash(event)));
        trees.ours.push(leaf(&EventHash(event)), |_, _| {});
    }
    trees
}

impl Trees {
    fn root(&self) -> Hash {
        (*self.theirs.root().as_bytes()).into()
    }

    /// The hash of a subtree from its leaves alone.
    fn of(&self, leaves: std::ops::Range<u64>) -> Hash {
        let at = |place: u64| usize::try_from(place).unwrap();
        let mut tree = Frontier::default();
        for leaf in &self.leaves[at(leaves.start)..at(leaves.end)] {
            tree.push(*leaf, |_, _| {});
        }
        tree.root()
    }

    fn path(&self, path: Vec<std::ops::Range<u64>>) -> Vec<u8> {
        path.into_iter().flat_map(|leaves| self.of(leaves)).collect()
    }
}

proptest! {
    #[test]
    fn given_any_tree_then_roots_and_paths_are_those_of_ct_merkle(
        size in 1..700_usize,
        seed in any::<u64>(),
        at in any::<prop::sample::Index>(),
    ) {
        let trees = trees(size, seed);
        let (whole, index) = (size as u64, at.index(size));
        prop_assert_eq!(trees.ours.root(), trees.root());
        let parts: Vec<Hash> =
            cover(0..whole).iter().map(|p| trees.of(p.index << p.level..(p.index + 1) << p.level)).collect();
        prop_assert_eq!(subtree(&parts), trees.root());
        prop_assert_eq!(&Frontier::new(whole, parts), &trees.ours);

        let ours = trees.path(inclusion_path(index as u64, whole));
        let theirs = trees.theirs.prove_inclusion(index);
        prop_assert_eq!(&ours[..], theirs.as_bytes());

        let older = index + 1;
        if older < size {
            let ours = trees.path(consistency_path(older as u64, whole));
            let theirs = trees.theirs.prove_consistency(size - older);
            prop_assert_eq!(&ours[..], theirs.as_bytes());
        }
    }
}

#[test]
fn given_the_same_size_then_consistency_needs_no_proof() {
    assert!(consistency_path(7, 7).is_empty());
    assert!(consistency_path(0, 7).is_empty());
}
