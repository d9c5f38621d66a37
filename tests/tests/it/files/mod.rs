//! Does a file get from a directory into the store, or get an exact reason why not?

mod walk;
