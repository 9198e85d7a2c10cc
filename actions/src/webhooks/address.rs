//! Where a webhook may lead. Whoever gives an address has this installation ask there, from inside of
//! whatever network it stands in: so it may lead to the public internet alone, and to what its
//! operator trusts by name.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use http::{Uri, uri::Scheme};

/// Ports below this belong to services that were never meant to be asked over HTTP.
const FIRST_FREE_PORT: u16 = 1_024;

/// An address that may be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    pub uri: Uri,
    /// The operator named where it leads: whatever lies there is asked.
    pub trusted: bool,
}

/// Why an address may not be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    #[error("This is no address. Give one such as https://example.org/hook.")]
    NoAddress,
    #[error("The address must begin with https://, so that nobody on the way can read along.")]
    NotHttps,
    #[error(
        "The address may not hold a user name or a password. What it has to prove, the signature proves."
    )]
    UserInfo,
    #[error("The address may name port 443, or one above 1023.")]
    Port,
    #[error(
        "The address leads into a private network. Give one that is to be reached from the internet."
    )]
    Private,
}

impl Address {
    /// What can be seen of an address by looking at it. Where its name leads is looked at each time
    /// that it is asked.
    pub fn read(text: &str, trusted: &[String]) -> Result<Self, Unfit> {
        let odd = |c: char| c.is_whitespace() || c.is_control() || !c.is_ascii() || c == '\\';
        if text.contains(odd) {
            return Err(Unfit::NoAddress);
        }
        let uri = text.parse::<Uri>().map_err(|_| Unfit::NoAddress)?;
        let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) else {
            return Err(Unfit::NoAddress);
        };
        if authority.as_str().contains('@') {
            return Err(Unfit::UserInfo);
        }
        if authority.host().is_empty() {
            return Err(Unfit::NoAddress);
        }
        let origin = format!("{scheme}://{authority}").to_ascii_lowercase();
        if trusted.contains(&origin) {
            return Ok(Self { uri, trusted: true });
        }
        if *scheme != Scheme::HTTPS {
            return Err(Unfit::NotHttps);
        }
        // A colon with nothing behind it, or more than a number there.
        if authority.as_str().ends_with(':') {
            return Err(Unfit::Port);
        }
        if port(&uri) != 443 && port(&uri) < FIRST_FREE_PORT {
            return Err(Unfit::Port);
        }
        if literal(authority.host()).is_some_and(|ip| !is_public(ip)) {
            return Err(Unfit::Private);
        }
        Ok(Self { uri, trusted: false })
    }

    /// As it is shown: the rest may let whoever knows it write there.
    pub fn host(&self) -> String {
        self.uri.authority().map_or_else(String::new, ToString::to_string)
    }
}

pub fn port(uri: &Uri) -> u16 {
    let usual = if uri.scheme() == Some(&Scheme::HTTP) { 80 } else { 443 };
    uri.port_u16().unwrap_or(usual)
}

/// A host that is no name but an address itself.
pub fn literal(host: &str) -> Option<IpAddr> {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    bare.unwrap_or(host).parse().ok()
}

/// Whether an address is one of the public internet, and leads nowhere else in disguise.
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

/// IANA's registry of special addresses, less those that are reachable globally.
fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    !matches!(
        (a, b, c),
        // "This network", private, loopback; multicast, reserved and broadcast.
        (0 | 10 | 127 | 224..=255, _, _)
            // Shared by carriers, link-local, private.
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 168, _)
            // Protocol assignments, documentation, the relays that once were, and benchmarks.
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (198, 51, 100)
            | (203, 0, 113)
            | (198, 18 | 19, _)
    )
}

/// Only what was given out as global, less what holds an IPv4 address or none of anybody's.
fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [a, b, ..] = ip.segments();
    // Loopback, mapped and translated IPv4, link-local, private and multicast lie outside of it.
    let global = a & 0xe000 == 0x2000;
    let special = matches!(
        (a, b),
        // Teredo, benchmarks, hashes, drones: protocol assignments; and documentation.
        (0x2001, 0x0000..=0x01ff | 0x0db8)
            // 6to4 holds an IPv4 address.
            | (0x2002, _)
            // Documentation.
            | (0x3fff, 0x0000..=0x0fff)
    );
    global && !special
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Address, Unfit> {
        Address::read(text, &["http://127.0.0.1:4321".to_owned(), "https://inside".to_owned()])
    }

    // proves: API-10
    #[test]
    fn given_an_address_then_only_public_ones_over_https_are_taken() {
        for good in [
            "https://example.org/hook",
            "https://example.org",
            "https://EXAMPLE.org:443/a?b=c",
            "https://example.org:8443/hook",
            "https://1.1.1.1/hook",
            "https://[2606:4700::1111]/hook",
        ] {
            assert!(read(good).is_ok_and(|address| !address.trusted), "{good}");
        }
        for (bad, why) in [
            ("", Unfit::NoAddress),
            ("example.org/hook", Unfit::NoAddress),
            ("/hook", Unfit::NoAddress),
            ("https://", Unfit::NoAddress),
            ("https:///hook", Unfit::NoAddress),
            ("https://example.org/a b", Unfit::NoAddress),
            ("https://example.org\\@127.0.0.1/", Unfit::NoAddress),
            ("https://exämple.org/", Unfit::NoAddress),
            ("http://example.org/hook", Unfit::NotHttps),
            ("ftp://example.org/hook", Unfit::NotHttps),
            ("file://localhost/etc/passwd", Unfit::NotHttps),
            ("gopher://example.org:6379/", Unfit::NotHttps),
            ("https://ann:secret@example.org/hook", Unfit::UserInfo),
            ("https://example.org@127.0.0.1/hook", Unfit::UserInfo),
            ("https://example.org:80/hook", Unfit::Port),
            ("https://example.org:22/hook", Unfit::Port),
            ("https://example.org:1023/hook", Unfit::Port),
            ("https://127.0.0.1/hook", Unfit::Private),
            ("https://127.0.0.1:8443/hook", Unfit::Private),
            ("https://10.0.0.1/hook", Unfit::Private),
            ("https://169.254.169.254/latest/meta-data", Unfit::Private),
            ("https://[::1]/hook", Unfit::Private),
            ("https://[::ffff:127.0.0.1]/hook", Unfit::Private),
            ("https://[fe80::1]/hook", Unfit::Private),
        ] {
            assert_eq!(read(bad), Err(why), "{bad}");
        }
    }

    #[test]
    fn given_what_the_operator_trusts_then_that_origin_alone() {
        for trusted in ["http://127.0.0.1:4321/hook", "https://inside/hook", "https://INSIDE/x"] {
            assert!(read(trusted).is_ok_and(|address| address.trusted), "{trusted}");
        }
        assert_eq!(read("http://127.0.0.1:4322/hook"), Err(Unfit::NotHttps));
        assert_eq!(read("https://127.0.0.1:4321/hook"), Err(Unfit::Private));
        assert_eq!(read("http://ann@127.0.0.1:4321/hook"), Err(Unfit::UserInfo));
        assert!(read("https://inside.example.org/").is_ok_and(|address| !address.trusted));
        assert_eq!(read("https://example.org/secret").unwrap().host(), "example.org");
    }

    // proves: API-10
    #[test]
    fn given_any_special_address_then_it_is_not_public_in_whatever_disguise() {
        for special in [
            "0.0.0.0",
            "0.1.2.3",
            "10.1.2.3",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "239.255.255.250",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:8.8.8.8",
            "64:ff9b::7f00:1",
            "64:ff9b::808:808",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:0:4136:e378::1",
            "2001:10::1",
            "2001:20::1",
            "2001:2::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:a00:1::1",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "4000::1",
        ] {
            assert!(!is_public(special.parse().unwrap()), "{special}");
        }
        for public in [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.1",
            "100.63.255.255",
            "100.128.0.1",
            "126.1.1.1",
            "128.0.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "192.167.1.1",
            "192.169.1.1",
            "198.17.0.1",
            "198.20.0.1",
            "223.255.255.254",
            "2001:4860:4860::8888",
            "2606:4700:4700::1111",
            "2a00:1450::1",
            "2003::1",
            "2001:200::1",
        ] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
    }
}
