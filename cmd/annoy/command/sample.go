package command

import "math/rand/v2"

// sample chooses count of the numbers below n, each as likely as any other, by
// Floyd's algorithm (Bentley and Floyd, Programming Pearls: A Sample of
// Brilliance, CACM 30:9, 1987): memory for count numbers, whatever n is.
func sample(n, count int, seed uint64) map[int]bool {
	r := rand.New(rand.NewPCG(seed, 0))
	chosen := make(map[int]bool, count)
	for top := n - count; top < n; top++ {
		i := r.IntN(top + 1)
		if chosen[i] {
			i = top
		}
		chosen[i] = true
	}
	return chosen
}
