//! What stands for an older version of the runtime.
