package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// embedder is an endpoint that speaks OpenAI's embeddings API.
type embedder struct{ url, model, key string }

// batch is how many texts one request carries.
const batch = 64

// maxAnswer bounds what is read of one answer.
const maxAnswer = 64 << 20

// embed returns a vector for each text, in order.
func (e *embedder) embed(ctx context.Context, texts []string) ([][]float32, error) {
	var vectors [][]float32
	for len(texts) > 0 {
		n := min(batch, len(texts))
		part, err := e.request(ctx, texts[:n])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", e.url, err)
		}
		vectors, texts = append(vectors, part...), texts[n:]
	}
	return vectors, nil
}

func (e *embedder) request(ctx context.Context, texts []string) ([][]float32, error) {
	body, err := json.Marshal(map[string]any{"model": e.model, "input": texts, "encoding_format": "float"})
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	if e.key != "" {
		req.Header.Set("Authorization", "Bearer "+e.key)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %.200q", resp.Status, text)
	}
	var answer struct {
		Data []struct {
			Index     int       `json:"index"`
			Embedding []float32 `json:"embedding"`
		} `json:"data"`
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return nil, err
	}
	vectors := make([][]float32, len(texts))
	for _, d := range answer.Data {
		if d.Index < 0 || d.Index >= len(vectors) {
			return nil, fmt.Errorf("a vector for text %d of %d", d.Index, len(vectors))
		}
		vectors[d.Index] = d.Embedding
	}
	for i, v := range vectors {
		if len(v) == 0 || len(v) != len(vectors[0]) {
			return nil, fmt.Errorf("text %d has a vector of %d components, text 0 one of %d", i, len(v), len(vectors[0]))
		}
	}
	return vectors, nil
}
