//! Files that came with messages: kept for a while, and reached by addresses that expire.

use std::collections::BTreeMap;

use bytes::Bytes;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{call::Call, form::message::Message, query, refusal::Refusal};
use crate::{snowflake::Id, world::World};

/// The oldest files make room for the newest.
const MOST_KEPT: usize = 64 << 20;
const LINK_SECS: u64 = 86_400;

#[derive(Debug, Clone)]
pub struct Kept {
    pub channel: Id,
    pub filename: String,
    pub content_type: String,
    pub bytes: Bytes,
}

#[derive(Debug, Default)]
pub struct Files {
    by_id: BTreeMap<Id, Kept>,
    total: usize,
}

impl Files {
    fn put(&mut self, id: Id, file: Kept) {
        self.total += file.bytes.len();
        self.by_id.insert(id, file);
        while self.total > MOST_KEPT {
            let Some((_, oldest)) = self.by_id.pop_first() else { break };
            self.total -= oldest.bytes.len();
        }
    }

    pub fn get(&self, id: Id) -> Option<&Kept> {
        self.by_id.get(&id)
    }
}

/// Stores what came with a new message, and describes it as the message shows it.
pub fn keep(
    call: &Call,
    world: &mut World,
    channel: Id,
    message: &mut Message,
) -> Result<Vec<Value>, Refusal> {
    keep_beside(call, world, channel, message, &[]).map(Option::unwrap_or_default)
}

/// The same for an edit: files that are named stay, others go, new ones come.
pub fn keep_in_edit(
    call: &Call,
    world: &mut World,
    channel: Id,
    id: Id,
    message: &mut Message,
) -> Result<Option<Vec<Value>>, Refusal> {
    let known = match world.ephemeral.get(&id) {
        Some(message) => message.attachments.clone(),
        None => world.message(channel, id)?.attachments.clone(),
    };
    keep_beside(call, world, channel, message, &known)
}

fn keep_beside(
    call: &Call,
    world: &mut World,
    channel: Id,
    message: &mut Message,
    known: &[Value],
) -> Result<Option<Vec<Value>>, Refusal> {
    let Some(wanted) = &message.files else { return Ok(None) };
    let mut shown = Vec::with_capacity(wanted.len());
    for file in wanted {
        if !file.new {
            let id = file.id.to_string();
            let Some(old) = known.iter().find(|known| known["id"] == *id) else {
                let message = format!("Attachment data not found for id {id}");
                return Err(super::form::refused(
                    "attachments",
                    "ATTACHMENT_DATA_NOT_FOUND",
                    message,
                ));
            };
            shown.push(old.clone());
            continue;
        }
        let Some(upload) = call.sent.files.iter().find(|upload| upload.place == file.id) else {
            let message = format!("Attachment data not found for id {}", file.id);
            return Err(super::form::refused("attachments", "ATTACHMENT_DATA_NOT_FOUND", message));
        };
        let content_type = upload.content_type.clone();
        let kept = Kept {
            channel,
            filename: plain_name(file.filename.as_deref().unwrap_or(&upload.filename)),
            content_type: content_type.unwrap_or_else(|| "application/octet-stream".to_owned()),
            bytes: upload.bytes.clone(),
        };
        let mut wire = put(&call.sim, &call.host, world, kept);
        if let Some(text) = &file.description {
            wire["description"] = text.clone().into();
        }
        shown.push(wire);
    }
    point_at(message, &shown);
    Ok(Some(shown))
}

/// Keeps a file, and describes it as a message shows it.
pub fn put(sim: &crate::Shared, host: &str, world: &mut World, file: Kept) -> Value {
    let id = world.next_id();
    let url = link(&sim.rest.key, host, (file.channel, id, &file.filename), world.now_ms());
    let wire = json!({
        "id": id, "filename": file.filename, "size": file.bytes.len(), "url": url,
        "proxy_url": url, "content_type": file.content_type,
    });
    sim.rest.files.lock().put(id, file);
    wire
}

/// `attachment://name` in embeds and components means one of these files.
fn point_at(message: &mut Message, files: &[Value]) {
    let places = [message.embeds.as_mut(), message.components.as_mut()];
    for place in places.into_iter().flatten().flatten() {
        replace(place, files);
    }
}

fn replace(value: &mut Value, files: &[Value]) {
    match value {
        Value::String(text) => {
            let Some(name) = text.strip_prefix("attachment://") else { return };
            let file = files.iter().find(|file| file["filename"] == name);
            if let Some(url) = file.and_then(|file| file["url"].as_str()) {
                url.clone_into(text);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, files)),
        Value::Object(fields) => fields.values_mut().for_each(|field| replace(field, files)),
        _ => {}
    }
}

/// A name that can stand in an address.
pub fn plain_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain = |letter: char| {
        if letter.is_ascii_alphanumeric() || "._-".contains(letter) { letter } else { '_' }
    };
    let name: String = last.chars().map(plain).take(200).collect();
    if name.trim_matches('.').is_empty() { "unknown".to_owned() } else { name }
}

/// Fresh addresses in place of those that may have expired.
pub fn refresh(call: &Call, message: &mut Value, now_ms: u64) {
    let channel = message["channel_id"].as_str().and_then(|id| id.parse::<Id>().ok());
    let Some(attachments) = message.get_mut("attachments").and_then(Value::as_array_mut) else {
        return;
    };
    for file in attachments {
        let id = file["id"].as_str().and_then(|id| id.parse::<Id>().ok());
        let name = file["filename"].as_str().map(str::to_owned);
        if let (Some(channel), Some(id), Some(name)) = (channel, id, name) {
            let url = link(&call.sim.rest.key, &call.host, (channel, id, &name), now_ms);
            file["proxy_url"] = url.clone().into();
            file["url"] = url.into();
        }
    }
}

fn link(key: &[u8], host: &str, (channel, id, filename): (Id, Id, &str), now_ms: u64) -> String {
    let issued = now_ms / 1000;
    let expires = issued + LINK_SECS;
    let path = format!("/attachments/{channel}/{id}/{}", query::encode(filename));
    let signature = sign(key, &path, expires, issued);
    format!("http://{host}{path}?ex={expires:x}&is={issued:x}&hm={signature}")
}

fn sign(key: &[u8], path: &str, expires: u64, issued: u64) -> String {
    use std::fmt::Write as _;
    let mut mac =
        Hmac::<Sha256>::new_from_slice(key).expect("a key of any length makes a signature");
    mac.update(format!("{path}\n{expires:x}\n{issued:x}").as_bytes());
    let bytes = mac.finalize().into_bytes();
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Whether an address was given out by this server and is still good.
pub fn is_good(key: &[u8], path: &str, asked: &[(String, String)], now_ms: u64) -> bool {
    let part = |name: &str| asked.iter().find(|(known, _)| known == name).map(|(_, v)| v.as_str());
    let hex = |name: &str| part(name).and_then(|text| u64::from_str_radix(text, 16).ok());
    let (Some(expires), Some(issued)) = (hex("ex"), hex("is")) else { return false };
    expires > now_ms / 1000 && part("hm") == Some(&sign(key, path, expires, issued))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_an_address_then_it_is_good_until_it_expires_and_only_for_its_file() {
        let path = "/attachments/1/2/cat.png";
        let asked = |hm: String| {
            [("ex", "3e8".to_owned()), ("is", "1".to_owned()), ("hm", hm)]
                .map(|(name, value)| (name.to_owned(), value))
        };
        let good = asked(sign(b"key", path, 1000, 1));
        assert!(is_good(b"key", path, &good, 999_999));
        assert!(!is_good(b"key", path, &good, 1_000_000));
        assert!(!is_good(b"key", "/attachments/1/3/cat.png", &good, 0));
        assert!(!is_good(b"other", path, &good, 0));
        assert!(!is_good(b"key", path, &asked("00".to_owned()), 0));
        assert!(!is_good(b"key", path, &[], 0));
    }

    #[test]
    fn given_any_name_then_it_cannot_leave_its_folder() {
        assert_eq!(plain_name("../../etc/passwd"), "passwd");
        assert_eq!(plain_name("my cat.png"), "my_cat.png");
        assert_eq!(plain_name(".."), "unknown");
        assert_eq!(plain_name(""), "unknown");
    }
}
