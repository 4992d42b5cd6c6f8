//! A disk that fails under a program, by a library that is laid between the program and the C library.

#[cfg(target_os = "linux")]
mod child;
#[cfg(target_os = "linux")]
mod parent;
