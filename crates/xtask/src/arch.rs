//! `cargo xtask arch`: proves the dependency rule from cargo's own metadata.

mod rules;

use std::process::ExitCode;

use serde_json::Value;

use crate::Outcome;
use crate::workspace::Workspace;
use rules::{Reach, Rule};

pub(crate) fn run(workspace: &Workspace) -> Outcome<ExitCode> {
    let crates = crates(&workspace.metadata)?;
    let violations = violations(&crates);
    for violation in &violations {
        eprintln!("{violation}");
    }
    if violations.is_empty() {
        println!("The dependency rule holds for {} crates.", crates.len());
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!(
        "{} violation(s) of the dependency rule; the rules stand in crates/xtask/src/arch/rules.rs",
        violations.len()
    );
    Ok(ExitCode::FAILURE)
}

struct Crate {
    name: String,
    dependencies: Vec<Dependency>,
}

struct Dependency {
    name: String,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Normal,
    Build,
    Dev,
}

/// Reads the members of a workspace from `cargo metadata --no-deps`.
fn crates(metadata: &Value) -> Outcome<Vec<Crate>> {
    let packages = metadata.get("packages").and_then(Value::as_array).ok_or("cargo metadata lists no packages")?;
    packages
        .iter()
        .map(|package| {
            let dependencies = package.get("dependencies").and_then(Value::as_array).ok_or("a package has no list")?;
            let dependencies = dependencies.iter().map(dependency).collect::<Outcome<_>>()?;
            Ok(Crate { name: name(package)?, dependencies })
        })
        .collect()
}

fn dependency(value: &Value) -> Outcome<Dependency> {
    let kind = match value.get("kind").and_then(Value::as_str) {
        None => Kind::Normal,
        Some("build") => Kind::Build,
        Some("dev") => Kind::Dev,
        Some(other) => return Err(format!("cargo metadata has a new kind of dependency: {other}")),
    };
    Ok(Dependency { name: name(value)?, kind })
}

fn name(value: &Value) -> Outcome<String> {
    let name = value.get("name").and_then(Value::as_str).ok_or("cargo metadata has an entry without a name")?;
    Ok(name.to_owned())
}

fn violations(crates: &[Crate]) -> Vec<String> {
    let members: Vec<&str> = crates.iter().map(|member| member.name.as_str()).collect();
    let mut found = Vec::new();
    for member in crates {
        let Some(rule) = rules::of(&member.name) else {
            found.push(format!("{} is not in the table of crates: decide what it may depend on.", member.name));
            continue;
        };
        for dependency in &member.dependencies {
            let inside = members.contains(&dependency.name.as_str()) || rules::of(&dependency.name).is_some();
            let broken = match dependency.kind {
                Kind::Dev => for_tests(rule, &dependency.name, inside),
                _ if inside => among_members(rule, &dependency.name),
                _ => outside(rule, &dependency.name),
            };
            if let Some(why) = broken {
                let verb = if dependency.kind == Kind::Dev { "dev-depends on" } else { "depends on" };
                found.push(format!("{} {verb} {}: {why}.", rule.name, dependency.name));
            }
        }
    }
    found
}

fn among_members(rule: &Rule, dependency: &str) -> Option<String> {
    let allowed = match rule.members {
        Reach::Product => rules::is_product(dependency),
        Reach::Only(names) => names.contains(&dependency),
    };
    if allowed { None } else { Some(rule.sentence()) }
}

fn outside(rule: &Rule, dependency: &str) -> Option<String> {
    if let Some(names) = rule.externals
        && !names.contains(&dependency)
    {
        return Some(format!("from outside the workspace it may see only {}", names.join(", ")));
    }
    let kept = rules::KEPT.iter().find(|kept| kept.covers(dependency))?;
    if kept.owners.contains(&rule.name) {
        return None;
    }
    Some(format!("only {} may see {}", kept.owners.join(" and "), kept.what))
}

fn for_tests(rule: &Rule, dependency: &str, inside: bool) -> Option<String> {
    match rule.dev {
        rules::Dev::NoMembers if inside => Some("it tests the product from outside, through its sockets".to_owned()),
        rules::Dev::Anything | rules::Dev::NoMembers => None,
        rules::Dev::Only(names) if names.contains(&dependency) => None,
        rules::Dev::Only(names) => Some(format!("its tests may see only {}", names.join(", "))),
    }
}

#[cfg(test)]
mod tests;
