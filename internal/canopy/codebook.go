package canopy

import (
	"context"

	"github.com/annoy-go/annoy/internal/kernel"
	"github.com/annoy-go/annoy/internal/kiss"
)

// Codewords is the number of codewords of a sub-space: a code is a nibble.
const Codewords = kernel.CodeWords

// Codebook holds the codewords of every sub-space.
type Codebook struct {
	M, Dims int       // sub-spaces, a multiple of 4, and dimensions of each: 1, 2, 4 or 8
	Words   []float32 // M×Dims×16: component d of codeword c of sub-space j is Words[(j·Dims+d)·16+c]
}

const (
	bookSample     = 32 << 10  // vectors that codewords are found on, of so many bytes at most
	bookBytes      = 128 << 20 // 16k of 2048 components
	leastBookBytes = 4 << 20
	bookRounds     = 10
)

// CodebookParams say how to find codewords.
type CodebookParams struct {
	Seed    uint64
	Workers int
	Memory  int64                    // bytes of sampled vectors held, but at least 4 MiB; 0: 128 MiB
	Guard   func(func() error) error // as PartitionParams'
}

// TrainCodebook finds the codewords for a partition: in each sub-space by k-means over the directions of the residuals of a
// sample of the vectors.
func TrainCodebook(ctx context.Context, vs Vectors, sp space, part *Partition, shape Shape, p CodebookParams) (*Codebook, error) {
	book := newCodebook(shape.subspaces(part.Dim, sp.fold()), shape.Dims()/sp.fold())
	t := &bookTrainer{pool: newPool(ctx, p.Workers, p.Guard), Codebook: book, memory: bookBytes, rng: kiss.Stream(p.Seed, streamCodebook, uint64(shape))}
	if p.Memory > 0 {
		t.memory = min(t.memory, max(p.Memory, leastBookBytes))
	}
	if err := t.sample(vs, sp, part); err != nil {
		return nil, err
	}
	if err := t.train(); err != nil {
		return nil, err
	}
	return book, nil
}

func newCodebook(m, dims int) *Codebook {
	return &Codebook{M: m, Dims: dims, Words: make([]float32, m*dims*Codewords)}
}

// decoding is the words as M×16×Dims.
func (b *Codebook) decoding() []float32 {
	words := make([]float32, len(b.Words))
	for i, v := range b.Words {
		c, d, j := i%Codewords, i/Codewords%b.Dims, i/Codewords/b.Dims
		words[(j*Codewords+c)*b.Dims+d] = v
	}
	return words
}

// halfNorms is half the squared norm of each codeword, [M][16].
func (b *Codebook) halfNorms() []float32 {
	half := make([]float32, b.M*Codewords)
	for i, v := range b.Words {
		half[i/Codewords/b.Dims*Codewords+i%Codewords] += v * v / 2
	}
	return half
}

// nearest sets codes to the nearest codewords of x, padded.
func (b *Codebook) nearest(x, half []float32, codes []byte) {
	kernel.Codes(x, b.Words, half, b.M, b.Dims, codes)
}

// bookTrainer is one run of TrainCodebook.
type bookTrainer struct {
	*pool
	*Codebook
	rng    kiss.Source
	memory int64 // of shapes
	n      int
	shapes []float32 // n × M·Dims
}

func (t *bookTrainer) padded() int { return t.M * t.Dims }

// sample reads directions of residuals. Vectors that are a centroid have none, and are left out.
func (t *bookTrainer) sample(vs Vectors, sp space, part *Partition) error {
	padded := t.padded()
	want := max(16*Codewords, min(bookSample, int(t.memory)/(4*padded)))
	list := spread(vs.Len(), min(vs.Len(), want), kiss.Stream(t.rng.Uint64(), streamSample, 0))
	t.shapes = make([]float32, len(list)*padded)
	has := make([]bool, len(list))
	coders := make([]*Coder, t.workers)
	readers := make([]*reader, t.workers)
	tails := make([]float32, len(list))
	err := t.chunks(len(list), assignChunk, func(w, from, to int) error {
		if coders[w] == nil {
			coders[w], readers[w] = NewCoder(sp, part, t.Codebook), newReader(vs, sp)
		}
		c := coders[w]
		coded := func(j int) []float32 { return t.shapes[(from+j)*padded:][:part.Dim] }
		readers[w].read(to-from, func(j int) int { return list[from+j] }, coded, tails[from:to])
		for j := range to - from {
			has[from+j] = c.residual(coded(j), tails[from+j], part.Leaf(int(part.Own[list[from+j]]))) > 0
			copy(t.shapes[(from+j)*padded:], c.shape)
		}
		return nil
	})
	for j, ok := range has {
		if ok {
			copy(t.shapes[t.n*padded:(t.n+1)*padded], t.shapes[j*padded:])
			t.n++
		}
	}
	t.shapes = t.shapes[:t.n*padded]
	return err
}

// train runs Lloyd's iteration in all sub-spaces at once, from vectors of the sample.
func (t *bookTrainer) train() error {
	if t.n == 0 {
		return nil
	}
	for c, i := range distinct(t.n, min(t.n, Codewords), &t.rng) {
		for d, v := range t.shapes[i*t.padded() : (i+1)*t.padded()] {
			t.Words[d*Codewords+c] = v
		}
	}
	parts := make([]bookSums, (t.n+assignChunk-1)/assignChunk)
	codes := make([]byte, t.workers*t.M)
	for round := range bookRounds {
		half := t.halfNorms()
		err := t.chunks(t.n, assignChunk, func(w, from, to int) error {
			part, codes := &parts[from/assignChunk], codes[w*t.M:(w+1)*t.M]
			part.reset(t.Codebook)
			for i := from; i < to; i++ {
				x := t.shapes[i*t.padded() : (i+1)*t.padded()]
				t.nearest(x, half, codes)
				part.add(x, codes, t.Dims)
			}
			return nil
		})
		if err != nil {
			return err
		}
		t.update(parts, round < bookRounds-1)
	}
	return nil
}

// bookSums are the sums of the vectors of each codeword: of one part of the sample, for sums not to depend on who adds what.
type bookSums struct {
	sum   []float32 // M×16×Dims
	count []int     // M×16
}

func (s *bookSums) reset(b *Codebook) {
	s.sum, s.count = grow(s.sum, len(b.Words)), grow(s.count, b.M*Codewords)
	clear(s.sum)
	clear(s.count)
}

// add adds a vector, padded, to the codewords that are nearest to it.
func (s *bookSums) add(x []float32, codes []byte, dims int) {
	for j, code := range codes {
		at := j*Codewords + int(code)
		s.count[at]++
		if dims < 4 {
			for d, v := range x[j*dims : (j+1)*dims] {
				s.sum[at*dims+d] += v
			}
			continue
		}
		for half := 0; half < dims; half += 4 {
			sum, v := (*[4]float32)(s.sum[at*dims+half:]), (*[4]float32)(x[j*dims+half:])
			sum[0] += v[0]
			sum[1] += v[1]
			sum[2] += v[2]
			sum[3] += v[3]
		}
	}
}

// update moves the codewords to the means of their vectors. One without vectors restarts, if it may, at a random vector of the
// sample, else it stays.
func (t *bookTrainer) update(parts []bookSums, restart bool) {
	sum := make([]float64, t.Dims)
	for at := range t.M * Codewords {
		j, c, n := at/Codewords, at%Codewords, 0
		clear(sum)
		for _, part := range parts {
			n += part.count[at]
			for d, v := range part.sum[at*t.Dims : (at+1)*t.Dims] {
				sum[d] += float64(v)
			}
		}
		switch {
		case n > 0:
			for d := range sum {
				t.Words[(j*t.Dims+d)*Codewords+c] = float32(sum[d] / float64(n))
			}
		case restart:
			from := t.rng.Index(t.n) * t.padded()
			for d := range sum {
				t.Words[(j*t.Dims+d)*Codewords+c] = t.shapes[from+j*t.Dims+d]
			}
		}
	}
}
