// Command rag retrieves passages for questions, the first half of retrieval-augmented generation.
//
// The passages are 10,000 definitions of WordNet. The questions are sentences that use one of the defined words, and each has a
// label: the definition that it illustrates. So the program can count how often the right passage is among those that would be
// given to a language model. Run it in the repository's root:
//
//	go run ./examples/rag
//
// For data of your own, give a text and a vector for each passage, and the same for the questions:
//
//	go run ./examples/rag -passages docs.tsv -passage-vectors docs.npy -questions q.tsv -question-vectors q.npy
//
// With -embed, an endpoint that speaks OpenAI's embeddings API makes the vectors of both, and -ask asks one question:
//
//	go run ./examples/rag -embed http://localhost:8080/v1/embeddings -model all-minilm -passages docs.tsv -ask "who was it?"
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/annoy-go/annoy"
	"github.com/annoy-go/annoy/examples/internal/table"
)

func main() {
	if err := run(context.Background(), os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "rag:", err)
		os.Exit(1)
	}
}

type options struct {
	passages, passageVectors   string
	questions, questionVectors string
	ask                        string
	k                          int
	recall                     float64
	endpoint                   embedder
}

func run(ctx context.Context, args []string, out io.Writer) error {
	var o options
	fl := flag.NewFlagSet("rag", flag.ContinueOnError)
	fl.StringVar(&o.passages, "passages", "internal/words/words.tsv", "`file` of passages, one a line")
	fl.StringVar(&o.passageVectors, "passage-vectors", "internal/words/words_i8.npy", "`file` of their vectors")
	fl.StringVar(&o.questions, "questions", "examples/data/usage.tsv", "`file` of questions: text, tab, line of the right passage from 0 (or no label)")
	fl.StringVar(&o.questionVectors, "question-vectors", "examples/data/usage_i8.npy", "`file` of their vectors")
	fl.StringVar(&o.ask, "ask", "", "one question instead of the file; needs -embed")
	fl.IntVar(&o.k, "k", 10, "passages to retrieve")
	fl.Float64Var(&o.recall, "recall", 0.95, "target recall of the search")
	fl.StringVar(&o.endpoint.url, "embed", "", "`URL` of an embeddings endpoint; without it vectors come from the files")
	fl.StringVar(&o.endpoint.model, "model", "", "embedding model that the endpoint is to use")
	fl.StringVar(&o.endpoint.key, "key", os.Getenv("EMBEDDINGS_API_KEY"), "key for the endpoint")
	if err := fl.Parse(args); err != nil {
		return err
	}
	if o.ask != "" && o.endpoint.url == "" {
		return fmt.Errorf("-ask needs -embed: without an endpoint a question has no vector")
	}

	passages, err := table.Lines(o.passages)
	if err != nil {
		return err
	}
	vectors, err := o.vectors(ctx, passageTexts(passages), o.passageVectors)
	if err != nil {
		return err
	}
	ix, err := index(ctx, vectors)
	if err != nil {
		return err
	}
	defer ix.Close()

	questions := [][]string{{o.ask}}
	if o.ask == "" {
		if questions, err = table.Lines(o.questions); err != nil {
			return err
		}
	}
	asked, err := o.vectors(ctx, questionTexts(questions), o.questionVectors)
	if err != nil {
		return err
	}
	return retrieve(ctx, out, ix, passages, questions, asked, &o)
}

// vectors are those of the texts: from the endpoint, or from a file.
func (o *options) vectors(ctx context.Context, texts []string, path string) ([][]float32, error) {
	if o.endpoint.url == "" {
		return table.Vectors(ctx, path, len(texts))
	}
	return o.endpoint.embed(ctx, texts)
}

// passageTexts joins the fields of each passage; questionTexts leaves the labels out.
func passageTexts(records [][]string) (texts []string) {
	for _, r := range records {
		texts = append(texts, strings.Join(r, ": "))
	}
	return texts
}

func questionTexts(records [][]string) (texts []string) {
	for _, r := range records {
		texts = append(texts, r[0])
	}
	return texts
}

// index builds the passages' index, saves it, and maps the file, as a service would that is started many times.
func index(ctx context.Context, vectors [][]float32) (*annoy.Index, error) {
	b, err := annoy.NewBuilder(len(vectors[0]), annoy.Cosine, nil)
	if err != nil {
		return nil, err
	}
	for i, v := range vectors {
		if err := b.Add(i, v); err != nil {
			return nil, err
		}
	}
	built, err := b.Build(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer built.Close()
	dir, err := os.MkdirTemp("", "rag")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir) // a mapping outlives its file's name
	path := filepath.Join(dir, "passages.canopy")
	if err := built.Save(path); err != nil {
		return nil, err
	}
	return annoy.Open(path, &annoy.OpenOptions{Metric: annoy.Cosine})
}

// retrieve prints the passages of the first questions, and how often the labelled passage is among those retrieved.
func retrieve(ctx context.Context, out io.Writer, ix *annoy.Index, passages, questions [][]string, vectors [][]float32, o *options) error {
	answers, err := ix.SearchBatch(ctx, vectors, o.k, &annoy.SearchOptions{Recall: o.recall})
	if err != nil {
		return err
	}
	labelled, first, found := 0, 0, 0
	for i, hits := range answers {
		if i < 3 {
			fmt.Fprintf(out, "%s\n", questions[i][0])
			for _, h := range hits[:min(3, len(hits))] {
				fmt.Fprintf(out, "  %.3f  %s\n", 1-h.Distance, strings.Join(passages[h.ID], ": "))
			}
		}
		if len(questions[i]) < 2 {
			continue
		}
		right, err := strconv.ParseInt(questions[i][1], 10, 64)
		if err != nil {
			return fmt.Errorf("%s: line %d: the label %q is not the line of a passage", o.questions, i+1, questions[i][1])
		}
		labelled++
		for place, h := range hits {
			if h.ID == right {
				found++
				if place == 0 {
					first++
				}
			}
		}
	}
	if labelled > 0 {
		share := func(n int) float64 { return 100 * float64(n) / float64(labelled) }
		fmt.Fprintf(out, "\n%d questions, %d passages: the right one is first for %.1f %%, among the first %d for %.1f %%\n",
			labelled, ix.Len(), share(first), o.k, share(found))
	}
	return nil
}
