//! What the command line says about itself.

use crate::support::{ANN, GUILD, House};

/// Every subcommand that `--help` lists, and theirs.
fn subcommands(house: &House, path: &[String]) -> Vec<Vec<String>> {
    let arguments: Vec<_> = path.iter().map(String::as_str).chain(["--help"]).collect();
    let help = house.reeve(&arguments).ok().out;
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let names = listed.take_while(|line| !line.is_empty()).filter_map(|line| {
        // Its own lines begin at the second column; a long description goes on further right.
        let line = line.strip_prefix("  ").filter(|line| !line.starts_with(' '))?;
        line.split_whitespace().next().filter(|name| *name != "help")
    });
    let mut all = Vec::new();
    for name in names {
        let deeper = [path, &[name.to_owned()]].concat();
        all.push(deeper.clone());
        all.extend(subcommands(house, &deeper));
    }
    all
}

#[test]
fn given_help_then_every_command_says_what_it_does() {
    let house = House::new();
    let all = subcommands(&house, &[]);
    assert!(all.len() > 25, "{all:?}");
    let mut texts = vec![house.reeve(&["--help"]).ok().out];
    for path in all {
        let arguments: Vec<_> = path.iter().map(String::as_str).chain(["--help"]).collect();
        let help = house.reeve(&arguments).ok().out;
        let about = help.lines().next().unwrap();
        assert!(about.len() > 10 && !about.starts_with("Usage"), "{path:?}: {help}");
        texts.push(format!("$ reeve {}\n{help}", path.join(" ")));
    }
    // The flags that every command has come last, and stand in the first text.
    let own =
        |text: &String| text.split("\n\nConfiguration:").next().unwrap_or_default().to_owned();
    let first = texts[0].clone();
    let others: Vec<_> = texts[1..].iter().map(own).collect();
    insta::assert_snapshot!("help", format!("{first}\n{}", others.join("\n\n")));
}

#[test]
fn given_the_exit_codes_in_the_help_then_they_are_true() {
    let house = House::new();
    let help = house.reeve(&["--help"]).ok();
    let help = help.out.split_whitespace().collect::<Vec<_>>().join(" ");
    let codes = "0 done, 1 refused or a problem was found, 2 wrong usage or configuration, \
                 3 a fault (with an error id)";
    assert!(help.contains(codes), "{help}");

    house.economy(&["grant", ANN, "5"]).exits(0);
    house.reeve(&["economy", "take", ANN, "6"]).exits(1);
    house.reeve(&["economy", "steal", ANN, "6"]).exits(2);
    house.reeve(&["--set", "nothing=1", "economy", "heap"]).exits(2);
    house.reeve(&[]).exits(2);
    house.shell("read.db").execute_batch("DROP VIEW balances").unwrap();
    house.reeve(&["economy", "--guild", GUILD, "heap"]).exits(3).says("[E-");
    house.reeve(&["--version"]).ok().says("reeve 0.1.0");
}

#[test]
fn given_a_shell_then_there_is_a_completion_script_for_it() {
    let house = House::new().with("REEVE_STORE", "nonsense");
    for shell in ["bash", "zsh", "fish"] {
        let script = house.reeve(&["completions", shell]).ok().out;
        for word in ["projections", "dead-letters", "backup-keys"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    house.reeve(&["completions", "cmd"]).exits(2);
}

#[cfg(target_os = "linux")]
#[test]
fn given_the_bash_script_then_bash_takes_it() {
    let house = House::new();
    let script = house.root().join("reeve.bash");
    std::fs::write(&script, house.reeve(&["completions", "bash"]).ok().out).unwrap();
    let check = std::process::Command::new("bash").arg("-n").arg(&script).status().unwrap();
    assert!(check.success());
}
