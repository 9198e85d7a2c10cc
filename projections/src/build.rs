//! One set of a projection's tables. The live build is what people see; another may be in the
//! making beside it.

/// Which tables: the first build of a version is `name_v2`, a later one of the same version,
/// made by a rebuild, is `name_v2_b7`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Build {
    pub version: u32,
    /// Counts up over all builds of the projection.
    pub number: u32,
}

impl Build {
    pub fn table(self, name: &str) -> String {
        let Self { version, number } = self;
        if version == number {
            format!("{name}_v{version}")
        } else {
            format!("{name}_v{version}_b{number}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_build_has_tables_of_its_own() {
        let table = |version, number| Build { version, number }.table("balances");
        assert_eq!(table(2, 2), "balances_v2");
        assert_eq!(table(2, 7), "balances_v2_b7");
        // Version 2 may come after several builds of version 1.
        assert_eq!(table(1, 2), "balances_v1_b2");
    }
}
