//! Addresses, so that each client has one.

use std::net::{IpAddr, Ipv6Addr};

/// An address as it is written: an IPv4 one without the prefix (`::ffff:`) that a listener for both has it
/// with. What is no address stays as it is.
pub(crate) fn canonical(text: &str) -> String {
    match text.parse::<IpAddr>() {
        Ok(address) => address.to_canonical().to_string(),
        Err(_) => text.to_owned(),
    }
}

/// Whose an address is: itself, or of an IPv6 address the first 64 bits, of which a network gives a client
/// all that follow.
pub(crate) fn network(canonical: &str) -> String {
    match canonical.parse::<Ipv6Addr>() {
        Ok(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).to_string() + "/64",
        Err(_) => canonical.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_has_one_address() {
        for (text, expected) in [
            ("10.0.0.1", "10.0.0.1"),
            ("::ffff:10.0.0.1", "10.0.0.1"),
            ("2001:DB8:0:1::0:2", "2001:db8:0:1::2"),
            ("ada", "ada"),
        ] {
            assert_eq!(canonical(text), expected);
        }
        assert_eq!(network("2001:db8:0:1::2"), "2001:db8:0:1::/64");
        assert_eq!(network("10.0.0.1"), "10.0.0.1");
    }
}
