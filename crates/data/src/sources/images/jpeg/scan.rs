//! The blocks of a scan of a JPEG file.

use super::bits::{Bits, Huffman};

/// A component, such as brightness.
pub(super) struct Component {
    id: u8,
    /// Blocks of a unit, across and down.
    sampling: [usize; 2],
    /// Blocks across and down in a scan of this component alone.
    own: [usize; 2],
    /// Blocks in a row of whole units.
    stride: usize,
    /// In progressive files: which coefficients of each block are known not to be 0, by bit.
    known: Vec<u64>,
    /// Whether a scan has had it.
    pub(super) seen: bool,
}

impl Component {
    pub(super) fn new(id: u8, across: u8, down: u8) -> Option<Self> {
        let fits = (1..=4).contains(&across) && (1..=4).contains(&down);
        let sampling = [usize::from(across), usize::from(down)];
        let known = Vec::new();
        fits.then_some(Self { id, sampling, own: [0; 2], stride: 0, known, seen: false })
    }
}

/// The most blocks of a unit, across and down.
fn most(components: &[Component]) -> [usize; 2] {
    [0, 1].map(|axis| components.iter().map(|c| c.sampling[axis]).max().unwrap_or(1))
}

/// Units across and down: what all components repeat together.
fn units(components: &[Component], [height, width]: [usize; 2]) -> [usize; 2] {
    let [across, down] = most(components);
    [width.div_ceil(8 * across), height.div_ceil(8 * down)]
}

/// Decides how many blocks each component has.
pub(super) fn lay_out(components: &mut [Component], size: [usize; 2], progressive: bool) {
    let ([height, width], most) = (size, most(components));
    let [across, down] = units(components, size);
    for component in components {
        let blocks = |length: usize, axis: usize| {
            (length * component.sampling[axis]).div_ceil(most[axis]).div_ceil(8)
        };
        component.own = [blocks(width, 0), blocks(height, 1)];
        component.stride = across * component.sampling[0];
        let all = component.stride * down * component.sampling[1];
        component.known = if progressive { vec![0; all] } else { Vec::new() };
    }
}

/// The Huffman tables that are defined, of DC and of AC coefficients.
type Tables<'a> = (&'a [Option<Huffman>; 4], &'a [Option<Huffman>; 4]);

/// What a start of scan says.
pub(super) struct Scan {
    /// Its components, with the numbers of their tables.
    parts: Vec<(usize, usize, usize)>,
    progressive: bool,
    /// The coefficients, from and to, in zigzag order.
    band: [usize; 2],
    /// Whether it gives one more bit of coefficients that an earlier scan began.
    refines: bool,
}

/// Where a scan stands between blocks.
struct Going<'a, 'b> {
    bits: &'a mut Bits<'b>,
    /// Blocks to come that have no further coefficients.
    blank: u32,
}

impl Scan {
    /// Reads the header of a scan; `None` where it makes no sense.
    pub(super) fn parse(
        header: &[u8],
        progressive: bool,
        components: &mut [Component],
    ) -> Option<Self> {
        let (&count, rest) = header.split_first()?;
        let (selectors, settings) = rest.split_at_checked(2 * usize::from(count))?;
        let &[from, to, approximation, ..] = settings else { return None };
        let mut parts = Vec::new();
        for pair in selectors.chunks_exact(2) {
            let index = components.iter().position(|component| component.id == pair[0])?;
            components[index].seen = true;
            let [dc, ac] = [pair[1] >> 4, pair[1] & 15].map(usize::from);
            parts.push((index, dc.min(3), ac.min(3)));
        }
        let band = if progressive { [from, to].map(usize::from) } else { [0, 63] };
        let alone = parts.len() == 1;
        let fits = band[0] <= band[1] && band[1] < 64 && (1..=4).contains(&parts.len());
        let dc_alone = !progressive || (band[0] == 0) == (band[1] == 0);
        let refines = progressive && approximation >> 4 != 0;
        (fits && dc_alone && (band[0] == 0 || alone)).then_some(Self {
            parts,
            progressive,
            band,
            refines,
        })
    }

    /// Reads every block.
    pub(super) fn run(
        &self,
        components: &mut [Component],
        size: [usize; 2],
        restart: usize,
        tables: Tables<'_>,
        bits: &mut Bits<'_>,
    ) -> Result<(), String> {
        let alone = self.parts.len() == 1;
        let [across, down] = match alone {
            true => components[self.parts[0].0].own,
            false => units(components, size),
        };
        let mut going = Going { bits, blank: 0 };
        for unit in 0..across * down {
            let damaged = |going: &Going<'_, '_>| damaged(going.bits.place(), unit, across * down);
            if restart > 0 && unit > 0 && unit.is_multiple_of(restart) {
                let number = ((unit / restart - 1) % 8) as u8;
                if !going.bits.restart(number) {
                    return Err(damaged(&going));
                }
                going.blank = 0;
            }
            let [x, y] = [unit % across, unit / across];
            for part in &self.parts {
                let component = &mut components[part.0];
                let [wide, high] = if alone { [1, 1] } else { component.sampling };
                for block in 0..wide * high {
                    let row = y * high + block / wide;
                    let place = row * component.stride + x * wide + block % wide;
                    let known = component.known.get_mut(place);
                    if self.block(part, tables, known, &mut going).is_none() {
                        return Err(damaged(&going));
                    }
                }
            }
        }
        Ok(())
    }

    /// Reads one block; `None` where its codes end or make no sense.
    fn block(
        &self,
        &(_, dc, ac): &(usize, usize, usize),
        tables: Tables<'_>,
        known: Option<&mut u64>,
        going: &mut Going<'_, '_>,
    ) -> Option<()> {
        let [from, to] = self.band;
        if from == 0 {
            if self.refines {
                return going.bits.take(1).map(|_| ());
            }
            let length = going.bits.symbol(tables.0[dc].as_ref()?)?;
            going.bits.take(u32::from(length).min(16))?;
        }
        if to == 0 {
            return Some(());
        }
        let table = tables.1[ac].as_ref()?;
        if !self.progressive {
            going.first(table, [1, to], &mut 0)?;
            // Only progressive files leave out blocks.
            return (going.blank == 0).then_some(());
        }
        match self.refines {
            true => going.refine(table, [from, to], known?),
            false => going.first(table, [from, to], known?),
        }
    }
}

fn damaged(place: usize, unit: usize, of: usize) -> String {
    let share = 100 * unit / of.max(1);
    format!("the pixels end, or make no sense, at byte {place}, after {share} % of a scan")
}

impl Going<'_, '_> {
    /// The coefficients `from` to `to` of a block for the first time (T.81, figures F.13 and G.3).
    fn first(&mut self, table: &Huffman, [from, to]: [usize; 2], known: &mut u64) -> Option<()> {
        if self.blank > 0 {
            self.blank -= 1;
            return Some(());
        }
        let mut place = from;
        while place <= to {
            let symbol = self.bits.symbol(table)?;
            match (usize::from(symbol >> 4), u32::from(symbol & 15)) {
                (15, 0) => place += 16,
                (run, 0) => {
                    self.blank = (1 << run) - 1 + self.bits.take(run as u32)?;
                    return Some(());
                }
                (run, length) => {
                    place += run;
                    if place > to {
                        return None;
                    }
                    self.bits.take(length)?;
                    *known |= 1 << place;
                    place += 1;
                }
            }
        }
        Some(())
    }

    /// One more bit of the coefficients `from` to `to` of a block, and new ones (T.81, figure G.7).
    fn refine(&mut self, table: &Huffman, [from, to]: [usize; 2], known: &mut u64) -> Option<()> {
        let mut place = from;
        while place <= to && self.blank == 0 {
            let symbol = self.bits.symbol(table)?;
            let (mut run, length) = (u32::from(symbol >> 4), symbol & 15);
            if length == 0 && run < 15 {
                self.blank = (1 << run) + self.bits.take(run)?;
                break;
            }
            if length > 0 {
                self.bits.take(1)?;
            }
            while place <= to {
                if *known >> place & 1 == 1 {
                    self.bits.take(1)?;
                } else if run == 0 {
                    break;
                } else {
                    run -= 1;
                }
                place += 1;
            }
            if length > 0 {
                if place > to {
                    return None;
                }
                *known |= 1 << place;
            }
            place += 1;
        }
        if self.blank > 0 {
            for _ in (place..=to).filter(|&place| *known >> place & 1 == 1) {
                self.bits.take(1)?;
            }
            self.blank -= 1;
        }
        Some(())
    }
}
