// Package hostile tests the library with files that a hostile author changed: their checksums are right. It has no code, and is a package
// of its own for its tests to run beside the others.
package hostile
