//! Counting allocations.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    // A counter for each thread costs next to nothing, so that contenders who allocate much are not
    // charged for being counted.
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

/// The system's allocator, with a count of the calls.
#[derive(Debug)]
pub struct Counting;

/// How often this thread has allocated or grown something so far.
pub fn count() -> u64 {
    COUNT.get()
}

fn counted() {
    COUNT.set(COUNT.get() + 1);
}

// SAFETY: every method hands its arguments on to `System` as they are; counting does not allocate.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        counted();
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        counted();
        // SAFETY: the caller keeps the contract of `alloc_zeroed`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        counted();
        // SAFETY: the caller keeps the contract of `realloc`.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}
