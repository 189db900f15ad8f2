//! Whether an image file is whole, and how many images it holds. Decoders stop where they have
//! enough pixels, or fill in the rest, as viewers do.

use image::ImageFormat;

use super::jpeg;

/// What stands in a file besides its first image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Images {
    /// One image.
    One,
    /// More images, in an animation, of which the first is read.
    Several,
}

/// Reads the structure of a whole file. Formats without one (PNM) are left to the decoder, which
/// needs every byte of them.
///
/// # Errors
/// What is wrong, and where, in words.
pub(super) fn check(format: ImageFormat, data: &[u8]) -> Result<Images, String> {
    match format {
        ImageFormat::Jpeg => jpeg::check(data).map(|()| Images::One),
        ImageFormat::Png => png(data),
        ImageFormat::Gif => gif(data),
        ImageFormat::Bmp => bmp(data).map(|()| Images::One),
        _ => Ok(Images::One),
    }
}

fn cut(data: &[u8], what: &str) -> String {
    format!("the file is cut off: it ends at byte {}, before {what}", data.len())
}

/// Chunks up to IEND; the decoder checks their sums.
fn png(data: &[u8]) -> Result<Images, String> {
    const BEFORE: usize = 8; // the length and the name
    const AROUND: usize = 12; // and the sum
    let (mut at, mut images) = (8, Images::One);
    loop {
        let head = data.get(at..at + BEFORE).and_then(|head| head.first_chunk::<BEFORE>());
        let &[a, b, c, d, ref name @ ..] = head.ok_or_else(|| cut(data, "its IEND chunk"))?;
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        at = at.saturating_add(length).saturating_add(AROUND);
        if at > data.len() {
            let name = name.escape_ascii();
            return Err(cut(data, &format!("the end of its {name} chunk at byte {at}")));
        }
        match name {
            b"IEND" => return Ok(images),
            b"acTL" => images = Images::Several,
            _ => {}
        }
    }
}

/// Blocks up to the trailer.
fn gif(data: &[u8]) -> Result<Images, String> {
    let byte = |at: usize| data.get(at).copied().ok_or_else(|| cut(data, "its trailer"));
    let table = |flags: u8| if flags & 0x80 != 0 { 3 << ((flags & 7) + 1) } else { 0 };
    let mut at = 13 + table(byte(10)?);
    let mut images = 0;
    loop {
        match byte(at)? {
            0x3b => break,
            0x2c => {
                images += 1;
                at += 10 + table(byte(at + 9)?) + 1;
            }
            0x21 => at += 2,
            // The end of blocks that were none.
            0x00 => {
                at += 1;
                continue;
            }
            other => return Err(format!("an unknown block {other:#04x} at byte {at}")),
        }
        loop {
            let length = usize::from(byte(at)?);
            at += 1 + length;
            if length == 0 {
                break;
            }
        }
    }
    match images {
        0 => Err("there is no image in the file".into()),
        1 => Ok(Images::One),
        _ => Ok(Images::Several),
    }
}

/// As many bytes as the header says.
fn bmp(data: &[u8]) -> Result<(), String> {
    let size = data.get(2..6).and_then(|size| size.first_chunk::<4>());
    let size = u32::from_le_bytes(*size.ok_or_else(|| cut(data, "the end of its header"))?);
    match data.len() < size as usize {
        true => Err(cut(data, &format!("the {size} bytes that its header declares"))),
        false => Ok(()),
    }
}
