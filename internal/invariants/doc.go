// Package invariants holds the checks that cost nothing in production and run in tests: they are compiled in by
// the build tag invariants, and only then.
//
// Arguments of Check are evaluated in every build, so a check that computes something, or stands in a hot loop,
// belongs inside `if invariants.Enabled { … }`, which the compiler removes when it is false.
package invariants
