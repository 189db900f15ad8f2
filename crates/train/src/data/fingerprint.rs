//! A 64-bit fingerprint of data: it tells that a data set changed between two runs, and finds
//! equal items. It is not meant to withstand an adversary.

/// Collects bytes into a fingerprint. The same calls give the same fingerprint on every machine.
pub struct Fingerprint(u64);

impl Default for Fingerprint {
    fn default() -> Self {
        Self::new()
    }
}

impl Fingerprint {
    /// That of nothing.
    pub fn new() -> Self {
        Self(0x243f_6a88_85a3_08d3)
    }

    /// One number.
    pub fn number(&mut self, value: u64) {
        let mixed = (self.0 ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = (mixed ^ (mixed >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93).rotate_left(29);
    }

    /// A run of bytes, and its length.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        let mut words = bytes.chunks_exact(8);
        for word in &mut words {
            self.number(u64::from_le_bytes(word.try_into().expect("eight bytes")));
        }
        let mut last = [0; 8];
        last[..words.remainder().len()].copy_from_slice(words.remainder());
        self.number(u64::from_le_bytes(last));
    }

    /// A run of numbers by their bits, and its length.
    pub fn floats(&mut self, values: &[f32]) {
        self.number(values.len() as u64);
        values.iter().for_each(|v| self.number(u64::from(v.to_bits())));
    }

    /// A run of numbers in double precision by their bits, and its length.
    pub fn doubles(&mut self, values: &[f64]) {
        self.number(values.len() as u64);
        values.iter().for_each(|v| self.number(v.to_bits()));
    }

    /// As [`Fingerprint::floats`] of the numbers rounded to single precision.
    pub fn rounded(&mut self, values: &[f64]) {
        self.number(values.len() as u64);
        values.iter().for_each(|&v| self.number(u64::from((v as f32).to_bits())));
    }

    /// The fingerprint of everything so far.
    pub fn finish(&self) -> u64 {
        let z = (self.0 ^ (self.0 >> 31)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 29)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bit_and_boundary_counts() {
        let of = |parts: &[&[u8]]| {
            let mut print = Fingerprint::new();
            parts.iter().for_each(|part| print.bytes(part));
            print.finish()
        };
        let base = of(&[b"handwritten digits"]);
        assert_eq!(base, of(&[b"handwritten digits"]));
        assert_ne!(base, of(&[b"handwritten digitt"]));
        assert_ne!(base, of(&[b"handwritten digits\0"]));
        assert_ne!(base, of(&[b"handwritten", b" digits"]));
    }
}
