//! glassbox
