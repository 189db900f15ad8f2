//! Addresses that instructions need not add up.

/// The same pointer, of which the compiler no longer knows where it came from. Of several pointers
/// that advance together it would make bases with one index; a multiply-add from such an address
/// is two instructions to a processor with AVX-512, which takes in no more than six in a cycle, and
/// three where two threads share it. What is read from the new pointer, too, is read anew.
#[inline(always)]
pub(crate) fn in_a_register(pointer: *const f32) -> *const f32 {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    #[expect(clippy::pointers_in_nomem_asm_block, reason = "nothing is read from it")]
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
