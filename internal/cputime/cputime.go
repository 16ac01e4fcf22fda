// Package cputime reads CPU time: how long processors worked, whatever else the machine does meanwhile. It is for
// measurements; the library does not link it.
package cputime
