//! Keys. A person's data key seals what belongs to that person; the master key wraps data keys
//! and never leaves the process.

use aes_gcm::{
    Aes256Gcm, KeyInit as _, Nonce,
    aead::{Aead as _, Payload},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{EventId, GuildId, PersonId, Sealed, UserId};
use hmac::{Hmac, Mac as _};
use rand::TryRng as _;
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::PeopleError;

const NONCE_BYTES: usize = 12;

#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct MasterKey([u8; 32]);

/// One person's key.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct DataKey([u8; 32]);

/// A key of one community and day, which lives no longer than what is sealed with it.
pub struct DayKey(Zeroizing<[u8; 32]>);

impl std::fmt::Debug for DayKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DayKey(…)")
    }
}

impl DayKey {
    /// A fresh one, and the same as it may be stored: sealed with the community's own key.
    pub(super) fn generate(
        community: [u8; 32],
        context: &str,
    ) -> Result<(Self, Vec<u8>), PeopleError> {
        let secret = MasterKey::new_secret()?;
        let wrapped = MasterKey(community).wrap_secret(&secret, context.as_bytes())?;
        Ok((Self(secret), wrapped))
    }

    pub(super) fn unwrap(community: [u8; 32], context: &str, wrapped: &[u8]) -> Option<Self> {
        MasterKey(community).unwrap_secret(wrapped, context.as_bytes()).map(Self)
    }
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

impl std::fmt::Debug for DataKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DataKey(…)")
    }
}

impl MasterKey {
    pub fn generate() -> Result<Self, PeopleError> {
        random().map(Self)
    }

    /// 64 hexadecimal digits, or 32 bytes in base64.
    pub fn parse(text: &str) -> Result<Self, PeopleError> {
        use base64::engine::general_purpose::STANDARD;
        let text = text.trim();
        let hex = || {
            let digits = text.as_bytes().chunks(2);
            (text.len() == 64 && text.is_ascii())
                .then(|| {
                    digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
                })
                .and_then(Iterator::collect::<Option<Vec<u8>>>)
        };
        let bytes = hex()
            .or_else(|| STANDARD.decode(text).ok())
            .or_else(|| URL_SAFE_NO_PAD.decode(text).ok());
        bytes.and_then(|bytes| bytes.try_into().ok()).map(Self).ok_or(PeopleError::MasterKeyFormat)
    }

    pub fn to_hex(&self) -> String {
        crate::EventHash(self.0).to_string()
    }

    /// Finds a Discord user without storing who it is.
    pub(super) fn tag(&self, guild: GuildId, user: UserId) -> Vec<u8> {
        self.mac(&[b"reeve.user", &guild.get().to_be_bytes(), &user.get().to_be_bytes()])
    }

    /// A key for one purpose. Who has it has learnt nothing of the master key nor of the others.
    pub(super) fn for_purpose(&self, purpose: &str) -> [u8; 32] {
        let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(&self.0)
            .expect("HMAC takes keys of any length");
        mac.update(b"reeve.purpose\0");
        mac.update(purpose.as_bytes());
        mac.finalize().into_bytes().into()
    }

    /// Not the registry's own tag: what is kept elsewhere cannot be joined with it.
    pub(super) fn keyed_hash(&self, guild: GuildId, user: UserId) -> Vec<u8> {
        self.mac(&[b"reeve.member", &guild.get().to_be_bytes(), &user.get().to_be_bytes()])
    }

    /// Tells a wrong key from the right one.
    pub(super) fn check_value(&self) -> Vec<u8> {
        self.mac(&[b"reeve.master-key"])
    }

    pub(super) fn wrap(
        &self,
        key: &DataKey,
        guild: GuildId,
        person: PersonId,
    ) -> Result<Vec<u8>, PeopleError> {
        seal_bytes(&self.0, &key.0, &wrap_context(guild, person))
    }

    pub(super) fn unwrap(
        &self,
        wrapped: &[u8],
        guild: GuildId,
        person: PersonId,
    ) -> Result<DataKey, PeopleError> {
        let bytes = open_bytes(&self.0, wrapped, &wrap_context(guild, person));
        bytes
            .and_then(|bytes| bytes.try_into().ok())
            .map(DataKey)
            .ok_or(PeopleError::DamagedKey { guild, person })
    }

    /// Fresh randomness for a key that is no person's.
    pub(crate) fn new_secret() -> Result<Zeroizing<[u8; 32]>, PeopleError> {
        random().map(Zeroizing::new)
    }

    /// Wraps a key that is no person's; opened under another context, it is rejected.
    pub(crate) fn wrap_secret(
        &self,
        secret: &[u8; 32],
        context: &[u8],
    ) -> Result<Vec<u8>, PeopleError> {
        seal_bytes(&self.0, secret, context)
    }

    pub(crate) fn unwrap_secret(
        &self,
        wrapped: &[u8],
        context: &[u8],
    ) -> Option<Zeroizing<[u8; 32]>> {
        open_bytes(&self.0, wrapped, context)?.try_into().ok().map(Zeroizing::new)
    }

    fn mac(&self, parts: &[&[u8]]) -> Vec<u8> {
        let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(&self.0)
            .expect("HMAC takes keys of any length");
        for part in parts {
            mac.update(part);
        }
        mac.finalize().into_bytes()[..16].to_vec()
    }
}

impl DataKey {
    pub(super) fn generate() -> Result<Self, PeopleError> {
        random().map(Self)
    }

    /// Seals a field of an event; opened anywhere else, it is rejected.
    pub fn seal_field(
        &self,
        owner: PersonId,
        event: EventId,
        field: &str,
        clear: &[u8],
    ) -> Result<Sealed, PeopleError> {
        let bytes = seal_bytes(&self.0, clear, &field_context(event, field))?;
        Ok(Sealed { owner, sealed: URL_SAFE_NO_PAD.encode(bytes) })
    }

    pub fn open_field(&self, sealed: &Sealed, event: EventId, field: &str) -> Option<Vec<u8>> {
        let bytes = URL_SAFE_NO_PAD.decode(&sealed.sealed).ok()?;
        open_bytes(&self.0, &bytes, &field_context(event, field))
    }

    /// Seals what is too long to be text: a piece of a file. It opens nowhere else either.
    pub fn seal_piece(
        &self,
        file: EventId,
        piece: &str,
        clear: &[u8],
    ) -> Result<Vec<u8>, PeopleError> {
        seal_bytes(&self.0, clear, &field_context(file, piece))
    }

    pub fn open_piece(&self, file: EventId, piece: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        open_bytes(&self.0, sealed, &field_context(file, piece))
    }

    /// A key that needs both: without the day's key nothing that it sealed can be opened again.
    pub fn on(&self, day: &DayKey) -> Self {
        let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(&self.0)
            .expect("HMAC takes keys of any length");
        mac.update(b"reeve.day\0");
        mac.update(&*day.0);
        Self(mac.finalize().into_bytes().into())
    }

    /// A key for one purpose, as [`MasterKey::for_purpose`].
    pub(super) fn for_purpose(&self, purpose: &str) -> [u8; 32] {
        MasterKey(self.0).for_purpose(purpose)
    }

    pub(super) fn seal_user(&self, user: UserId) -> Result<Vec<u8>, PeopleError> {
        seal_bytes(&self.0, &user.get().to_be_bytes(), b"reeve.user")
    }

    pub(super) fn open_user(&self, sealed: &[u8]) -> Option<UserId> {
        let bytes = open_bytes(&self.0, sealed, b"reeve.user")?;
        UserId::new(u64::from_be_bytes(bytes.try_into().ok()?)).ok()
    }
}

fn random() -> Result<[u8; 32], PeopleError> {
    let mut bytes = [0; 32];
    rand::rngs::SysRng
        .try_fill_bytes(&mut bytes)
        .map_err(|error| PeopleError::NoRandomness(error.to_string()))?;
    Ok(bytes)
}

fn seal_bytes(key: &[u8; 32], clear: &[u8], context: &[u8]) -> Result<Vec<u8>, PeopleError> {
    // Nonces need only be unlike each other: no question to the system for each.
    let nonce: [u8; NONCE_BYTES] = rand::random();
    let sealed = Aes256Gcm::new(key.into())
        .encrypt(&Nonce::from(nonce), Payload { msg: clear, aad: context })
        .map_err(|_| PeopleError::TooLongToSeal)?;
    Ok([nonce.as_slice(), &sealed].concat())
}

fn open_bytes(key: &[u8; 32], sealed: &[u8], context: &[u8]) -> Option<Vec<u8>> {
    let (nonce, sealed) = sealed.split_at_checked(NONCE_BYTES)?;
    let nonce: [u8; NONCE_BYTES] = nonce.try_into().ok()?;
    Aes256Gcm::new(key.into())
        .decrypt(&Nonce::from(nonce), Payload { msg: sealed, aad: context })
        .ok()
}

fn wrap_context(guild: GuildId, person: PersonId) -> Vec<u8> {
    [b"reeve.key".as_slice(), &guild.get().to_be_bytes(), &person.0.to_be_bytes()].concat()
}

fn field_context(event: EventId, field: &str) -> Vec<u8> {
    [event.0.as_bytes().as_slice(), field.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_field_opens_only_where_it_belongs() {
        let key = DataKey::generate().unwrap();
        let event = EventId(uuid::Uuid::from_u128(1));
        let sealed = key.seal_field(PersonId(1), event, "reason", b"\"hello\"").unwrap();
        assert_eq!(key.open_field(&sealed, event, "reason").unwrap(), b"\"hello\"");
        assert_eq!(key.open_field(&sealed, event, "evidence"), None);
        assert_eq!(key.open_field(&sealed, EventId(uuid::Uuid::from_u128(2)), "reason"), None);
        assert_eq!(DataKey::generate().unwrap().open_field(&sealed, event, "reason"), None);
    }

    #[test]
    fn a_sealed_piece_opens_only_at_its_place_in_its_file() {
        let key = DataKey::generate().unwrap();
        let file = EventId(uuid::Uuid::from_u128(1));
        let sealed = key.seal_piece(file, "0/2", b"half of it").unwrap();
        assert_eq!(key.open_piece(file, "0/2", &sealed).unwrap(), b"half of it");
        assert_eq!(key.open_piece(file, "1/2", &sealed), None);
        assert_eq!(key.open_piece(EventId(uuid::Uuid::from_u128(2)), "0/2", &sealed), None);
        assert_eq!(DataKey::generate().unwrap().open_piece(file, "0/2", &sealed), None);
    }

    #[test]
    fn master_keys_are_hex_or_base64() {
        let key = MasterKey::generate().unwrap();
        assert_eq!(MasterKey::parse(&key.to_hex()).unwrap().0, key.0);
        assert_eq!(MasterKey::parse(&URL_SAFE_NO_PAD.encode(key.0)).unwrap().0, key.0);
        assert!(MasterKey::parse("too short").is_err());
        assert_eq!(format!("{key:?}"), "MasterKey(…)");
    }
}
