//! Bits of the entropy-coded data of a JPEG file, and its Huffman codes.

/// Bits up to the next marker.
pub(super) struct Bits<'a> {
    data: &'a [u8],
    /// The next byte to be taken.
    at: usize,
    /// Bits that are taken and not read yet: the lowest `count`, the next on top.
    buffer: u64,
    count: u32,
}

impl<'a> Bits<'a> {
    pub(super) fn new(data: &'a [u8], at: usize) -> Self {
        Self { data, at, buffer: 0, count: 0 }
    }

    /// Takes whole bytes until there are more than 32 bits, or a marker or the end of the file is
    /// reached.
    fn fill(&mut self) {
        while self.count <= 32 {
            let Some(&byte) = self.data.get(self.at) else { return };
            if byte == 0xff {
                // A byte ff is followed by 00; anything else is a marker.
                if self.data.get(self.at + 1) != Some(&0) {
                    return;
                }
                self.at += 1;
            }
            self.at += 1;
            (self.buffer, self.count) = (self.buffer << 8 | u64::from(byte), self.count + 8);
        }
    }

    /// The next 16 bits, zeros behind the last.
    fn peek(&mut self) -> u32 {
        if self.count < 16 {
            self.fill();
        }
        let bits = match self.count.checked_sub(16) {
            Some(more) => self.buffer >> more,
            None => self.buffer << (16 - self.count),
        };
        bits as u32 & 0xffff
    }

    /// Reads `n` bits, at most 16; `None` where there are fewer before the next marker.
    pub(super) fn take(&mut self, n: u32) -> Option<u32> {
        let bits = self.peek() >> (16 - n);
        self.count = self.count.checked_sub(n)?;
        Some(bits)
    }

    /// Reads a symbol; `None` where no code of `table` begins like the next bits, or they end.
    pub(super) fn symbol(&mut self, table: &Huffman) -> Option<u8> {
        let (length, value) = table.find(self.peek())?;
        self.count = self.count.checked_sub(length)?;
        Some(value)
    }

    /// Goes on behind the restart marker `number`, 0 to 7, if it is the next thing.
    pub(super) fn restart(&mut self, number: u8) -> bool {
        let mut at = self.place();
        while self.data.get(at..at + 2) == Some(&[0xff, 0xff]) {
            at += 1;
        }
        let found = self.data.get(at..at + 2) == Some(&[0xff, 0xd0 + number]);
        if found {
            *self = Self::new(self.data, at + 2);
        }
        found
    }

    /// The byte behind the last of which a bit was read.
    pub(super) fn place(&self) -> usize {
        let mut at = self.at;
        for _ in 0..self.count / 8 {
            // The second byte of ff 00 was skipped.
            let stuffed = at >= 2 && self.data[at - 2..at] == [0xff, 0];
            at -= if stuffed { 2 } else { 1 };
        }
        at
    }
}

/// Bits by which most symbols are found at once.
const QUICK: u32 = 9;

/// A table of Huffman codes (T.81, annex C).
pub(super) struct Huffman {
    /// For the first bits of a code its length and its symbol; length 0 for longer codes.
    quick: Vec<(u8, u8)>,
    /// For each length the end of its codes in 16 bits, and what leads from a code to its symbol.
    ends: [(u32, i32); 17],
    values: Vec<u8>,
}

impl Huffman {
    /// From the number of codes of each length and the symbols in their order; `None` where there
    /// are more codes than bits can tell apart.
    pub(super) fn new(counts: &[u8; 16], values: &[u8]) -> Option<Self> {
        let mut quick = vec![(0, 0); 1 << QUICK];
        let mut ends = [(0, 0); 17];
        let (mut code, mut index) = (0u32, 0usize);
        for length in 1..=16u32 {
            ends[length as usize].1 = index as i32 - code as i32;
            for _ in 0..counts[length as usize - 1] {
                if length <= QUICK {
                    let start = (code << (QUICK - length)) as usize;
                    let places = quick.get_mut(start..start + (1 << (QUICK - length)))?;
                    places.fill((length as u8, *values.get(index)?));
                }
                (code, index) = (code + 1, index + 1);
            }
            if code > 1 << length {
                return None;
            }
            ends[length as usize].0 = code << (16 - length);
            code <<= 1;
        }
        Some(Self { quick, ends, values: values.to_vec() })
    }

    /// The length and the symbol of the code with which `bits`, 16 of them, begin.
    fn find(&self, bits: u32) -> Option<(u32, u8)> {
        let (length, value) = self.quick[(bits >> (16 - QUICK)) as usize];
        if length > 0 {
            return Some((u32::from(length), value));
        }
        let length = (QUICK + 1..=16).find(|&length| bits < self.ends[length as usize].0)?;
        let index = (bits >> (16 - length)) as i32 + self.ends[length as usize].1;
        Some((length, *self.values.get(usize::try_from(index).ok()?)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_every_length_are_found() {
        // Codes 0, 10, 110, … and one of 12 bits: 1111 1111 1100.
        let mut counts = [0; 16];
        counts[..10].fill(1);
        counts[11] = 1;
        let values: Vec<u8> = (0..11).collect();
        let table = Huffman::new(&counts, &values).unwrap();
        assert_eq!(table.find(0b0111_0000_0000_0000), Some((1, 0)));
        assert_eq!(table.find(0b1101_0000_0000_0000), Some((3, 2)));
        assert_eq!(table.find(0b1111_1111_1011_1111), Some((10, 9)));
        assert_eq!(table.find(0b1111_1111_1100_0000), Some((12, 10)));
        assert_eq!(table.find(0b1111_1111_1111_1111), None);
        counts[0] = 3;
        assert!(Huffman::new(&counts, &[0; 13]).is_none());
    }

    #[test]
    fn bits_end_at_a_marker() {
        let data = [0b1010_0000, 0xff, 0x00, 0x0f, 0xff, 0xd1, 0x80, 0xff, 0xd9];
        let mut bits = Bits::new(&data, 0);
        assert_eq!((bits.take(3), bits.place()), (Some(0b101), 1));
        assert_eq!((bits.take(6), bits.place()), (Some(1), 3));
        assert_eq!((bits.take(15), bits.place()), (Some(0b111_1111_0000_1111), 4));
        assert_eq!(bits.take(1), None);
        let mut bits = Bits::new(&data, 3);
        assert_eq!(bits.take(8), Some(15));
        assert!(!bits.restart(0) && bits.restart(1));
        assert_eq!((bits.take(8), bits.take(1)), (Some(0x80), None));
    }
}
