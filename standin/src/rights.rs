//! Who may do what. The real server keeps this in streams' access lists; here it goes by the user.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use tonic::{Status, metadata::MetadataMap};

use crate::answers;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub name: String,
    pub password: String,
    /// May delete streams, and change what is told about them (`$$` streams).
    pub may_remove: bool,
}

impl User {
    pub fn new(name: &str, password: &str, may_remove: bool) -> Self {
        Self { name: name.to_owned(), password: password.to_owned(), may_remove }
    }
}

/// What a call wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    Read,
    Write,
    /// Delete a stream, or change its metadata.
    Remove,
}

pub fn check(users: &[User], metadata: &MetadataMap, wish: Wish) -> Result<(), Status> {
    if users.is_empty() {
        return Ok(());
    }
    let given = metadata.get("authorization").and_then(|value| value.to_str().ok());
    let basic = given.and_then(|given| given.strip_prefix("Basic "));
    let Some((name, password)) = basic.and_then(decode) else {
        return Err(answers::access_denied());
    };
    let Some(user) = users.iter().find(|user| user.name == name && user.password == password)
    else {
        return Err(Status::unauthenticated("the user or the password is wrong"));
    };
    if wish == Wish::Remove && !user.may_remove {
        return Err(answers::access_denied());
    }
    Ok(())
}

/// What writing to this stream wishes.
pub fn of_write(stream: &str) -> Wish {
    if stream.starts_with("$$") { Wish::Remove } else { Wish::Write }
}

fn decode(text: &str) -> Option<(String, String)> {
    let text = String::from_utf8(STANDARD.decode(text).ok()?).ok()?;
    let (name, password) = text.split_once(':')?;
    Some((name.to_owned(), password.to_owned()))
}
