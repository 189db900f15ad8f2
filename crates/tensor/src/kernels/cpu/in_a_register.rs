//! Addresses that instructions need not add up.

/// The same pointer, of which the compiler no longer knows where it comes from, so that it keeps it
/// in a register of its own. Left alone it makes a base and a common index of several pointers that
/// advance together, and a multiply-add from such an address is two instructions to a processor of
/// the x86 family, which it takes in as slowly as two.
#[inline(always)]
pub(crate) fn in_a_register(pointer: *const f32) -> *const f32 {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    {
        let mut pointer = pointer;
        // SAFETY: there is no instruction.
        unsafe {
            std::arch::asm!(
                "/* {0} */",
                inout(reg) pointer,
                options(pure, nomem, nostack, preserves_flags)
            );
        }
        pointer
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    pointer
}
