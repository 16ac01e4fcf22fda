// Package accuracy tests what searches find and what distances they tell, on sets large enough for that. It has no code, and is a package of
// its own for its tests to run beside the others.
package accuracy
