//! Whether a JPEG file is whole: every marker segment, and every coded block of every scan.
//!
//! Decoders fill in what is missing with grey, as viewers do. Here the Huffman codes are read
//! without computing a pixel (ITU-T T.81, annexes B, F and G), and a file that ends too early, or
//! whose codes make no sense, is damaged.

use self::bits::{Bits, Huffman};
use self::scan::{Component, Scan};

mod bits;
mod scan;

/// Bytes between the last code of a scan and the next marker that some encoders leave.
const MOST_LEFT_OVER: usize = 8;

/// The state of reading a file.
struct Reader<'a> {
    data: &'a [u8],
    at: usize,
    dc: [Option<Huffman>; 4],
    ac: [Option<Huffman>; 4],
    restart: usize,
    frame: Option<Frame>,
}

/// What a start of frame says.
struct Frame {
    progressive: bool,
    size: [usize; 2],
    components: Vec<Component>,
}

/// Reads all of `data`, from the start of the image to its end; what follows is left alone. Kinds
/// of JPEG that no decoder here knows (arithmetic codes, lossless) are left to the decoder.
///
/// # Errors
/// What is wrong, and where, in words.
pub(super) fn check(data: &[u8]) -> Result<(), String> {
    let (dc, ac) = Default::default();
    Reader { data, at: 2, dc, ac, restart: 0, frame: None }.run()
}

fn cut(at: usize) -> String {
    format!("the file is cut off: it ends at byte {at}, before the image does")
}

impl<'a> Reader<'a> {
    fn run(mut self) -> Result<(), String> {
        loop {
            match self.marker()? {
                0xd9 => return self.complete(),
                0xc0..=0xc2 => self.start_of_frame()?,
                // Lossless, hierarchical or arithmetic, or with its height given later.
                0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf | 0xdc => return Ok(()),
                0xc4 => self.huffman_tables()?,
                0xdd => {
                    let segment = self.segment()?;
                    let &[high, low, ..] = segment else {
                        return Err(self.bad("restart interval"));
                    };
                    self.restart = usize::from(u16::from_be_bytes([high, low]));
                }
                0xda => self.scan()?,
                0x01 | 0xd0..=0xd8 => {}
                _ => {
                    self.segment()?;
                }
            }
        }
    }

    /// The code of the next marker.
    fn marker(&mut self) -> Result<u8, String> {
        let rest = &self.data[self.at..];
        let is_marker = |pair: &[u8]| pair[0] == 0xff && !matches!(pair[1], 0x00 | 0xff);
        let place = rest.windows(2).position(is_marker).ok_or_else(|| cut(self.data.len()))?;
        self.at += place + 2;
        Ok(self.data[self.at - 1])
    }

    /// The contents of a segment, behind its length.
    fn segment(&mut self) -> Result<&'a [u8], String> {
        let rest = &self.data[self.at..];
        let &[high, low, ..] = rest else { return Err(cut(self.data.len())) };
        let length = usize::from(u16::from_be_bytes([high, low]));
        let segment = rest.get(2..length.max(2)).ok_or_else(|| cut(self.data.len()))?;
        self.at += length.max(2);
        Ok(segment)
    }

    fn bad(&self, what: &str) -> String {
        format!("an impossible {what} before byte {}", self.at)
    }

    fn start_of_frame(&mut self) -> Result<(), String> {
        let progressive = self.data[self.at - 1] == 0xc2;
        let segment = self.segment()?;
        let &[_, h1, h0, w1, w0, _, ref rest @ ..] = segment else {
            return Err(self.bad("frame"));
        };
        let size = [[h1, h0], [w1, w0]].map(|pair| usize::from(u16::from_be_bytes(pair)));
        let parse = |part: &[u8]| Component::new(part[0], part[1] >> 4, part[1] & 15);
        let components: Option<Vec<_>> = rest.chunks_exact(3).map(parse).collect();
        // The decoder has looked at the size that the first frame declares, and at no other.
        let fits = |all: &Vec<_>| (1..=4).contains(&all.len()) && !size.contains(&0);
        let components = components.filter(|all| fits(all) && self.frame.is_none());
        let Some(mut components) = components else { return Err(self.bad("frame")) };
        scan::lay_out(&mut components, size, progressive);
        self.frame = Some(Frame { progressive, size, components });
        Ok(())
    }

    fn huffman_tables(&mut self) -> Result<(), String> {
        let mut rest = self.segment()?;
        while let [selector, counts @ ..] = rest {
            let place = usize::from(selector & 15);
            let Some(counts) = counts.first_chunk::<16>() else {
                return Err(self.bad("Huffman table"));
            };
            let values: usize = counts.iter().map(|&count| usize::from(count)).sum();
            let table = rest.get(17..17 + values).and_then(|values| Huffman::new(counts, values));
            let (Some(table), true) = (table, place < 4) else {
                return Err(self.bad("Huffman table"));
            };
            let tables = if selector >> 4 == 0 { &mut self.dc } else { &mut self.ac };
            tables[place] = Some(table);
            rest = &rest[17 + values..];
        }
        Ok(())
    }

    fn scan(&mut self) -> Result<(), String> {
        let header = self.segment()?;
        let place = self.at;
        let Some(frame) = &mut self.frame else { return Err(self.bad("scan")) };
        let scan = Scan::parse(header, frame.progressive, &mut frame.components);
        let scan = scan.ok_or_else(|| format!("an impossible scan before byte {place}"))?;
        let mut bits = Bits::new(self.data, self.at);
        let tables = (&self.dc, &self.ac);
        let read = scan.run(&mut frame.components, frame.size, self.restart, tables, &mut bits);
        self.at = bits.place();
        // Nothing but the padding of the last byte may be left.
        let end = self.data[self.at..].windows(2).position(|p| p[0] == 0xff && p[1] != 0);
        match (end, read) {
            (None, _) => Err(cut(self.data.len())),
            (_, Err(what)) => Err(what),
            (Some(left), _) if left > MOST_LEFT_OVER => {
                Err(format!("{left} bytes that belong to no pixel, from byte {}", self.at))
            }
            _ => Ok(()),
        }
    }

    /// At the end of the image every component has been seen.
    fn complete(&self) -> Result<(), String> {
        let components = self.frame.iter().flat_map(|frame| &frame.components);
        let all = components.clone().count() > 0 && components.clone().all(|c| c.seen);
        if all { Ok(()) } else { Err("the image ends before all its colors are there".into()) }
    }
}
