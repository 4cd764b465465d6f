// Command hubdouble answers as Hugging Face's hub does, on this machine, with models made of one file: to look at the page that
// finds models, and at downloads, without the network. It prints what to set HF_ENDPOINT to, and ends with Ctrl-C.
//
//	go run ./packaging/hubdouble bin/lib/loam/starter/*.gguf
package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"

	"loam/backend/hub/hubtest"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: hubdouble MODEL.gguf")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "hubdouble:", err)
		os.Exit(1)
	}
}

func run(file string) error {
	model, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	h := hubtest.New(Repos(model)...)
	h.Token = "hf_double"
	endpoint, err := h.Listen()
	if err != nil {
		return err
	}
	fmt.Println("HF_ENDPOINT=" + endpoint)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	<-ctx.Done()
	return h.Close()
}

// card is what a repository tells of itself, with what such pages are full of.
const card = `---
license: apache-2.0
---
<div align="center"><img src="https://example.org/banner.png" alt="banner" width="800"></div>

# Small Chat 135M

A **small** model that answers short questions. It was made to be looked at.

| Test | Score |
|---|---|
| Arithmetic | 12.3 |
| Reading | 45.6 |

## How to use

` + "```bash\nloam chat \"Hello\"\n```" + `

- It forgets quickly.
- It is often wrong.

See <a href="https://example.org/paper">the paper</a>.
`

// Repos are repositories of all kinds around one model's bytes.
func Repos(model []byte) []hubtest.Repo {
	model = bytes.Replace(bytes.Clone(model), []byte("Smollm2"), []byte("HubChat"), 1) // not a copy of the one that is installed
	larger := append(bytes.Clone(model), make([]byte, 40<<20)...)
	repos := []hubtest.Repo{{
		ID: "example/Small-Chat-135M-GGUF", Tags: []string{"gguf", "license:apache-2.0"}, Task: "text-generation", Downloads: 125_400, Likes: 310,
		GGUF: map[string]any{"total": 134_515_008, "architecture": "llama", "context_length": 8192},
		Card: map[string]any{"license": "apache-2.0", "datasets": []string{"example/short-questions", "example/answers"}, "base_model": "example/Small-Chat"},
		Files: []hubtest.File{
			{Path: "Small-Chat-135M-Q4_1.gguf", Bytes: model},
			{Path: "Small-Chat-135M-Q8_0.gguf", Bytes: larger},
			{Path: "README.md", Bytes: []byte(card), Git: true},
		},
	}, {
		ID: "example/Behind-A-Gate-GGUF", Tags: []string{"gguf", "license:gemma"}, Task: "text-generation", Downloads: 9_000, Likes: 80, Gated: true,
		GGUF: map[string]any{"total": 4_300_000_000, "architecture": "gemma3", "context_length": 131072}, Card: map[string]any{"license": "gemma"},
		Files: []hubtest.File{{Path: "gate-Q4_K_M.gguf", Bytes: model}},
	}, {
		ID: "example/Only-As-Trained", Tags: []string{"gguf", "license:mit"}, Task: "text-generation", Downloads: 70, Likes: 3,
		Files: []hubtest.File{{Path: "model.safetensors", Bytes: model[:100]}},
	}}
	small := model[:min(len(model), 20<<20)]
	for i := range 120 {
		size := []float64{0.6, 1.7, 4, 8, 14, 32, 70, 235}[i%8]
		repos = append(repos, hubtest.Repo{
			ID: fmt.Sprintf("maker%d/%s-%gB-Instruct-GGUF", i%9, []string{"Aster", "Birch", "Cedar", "Dahlia"}[i%4], size), Tags: []string{"gguf", "license:" + []string{"apache-2.0", "mit", "llama3.1", "cc-by-nc-4.0"}[i%4]},
			Task: "text-generation", Downloads: 400_000 / (i + 1), Likes: 900 / (i + 1),
			GGUF:  map[string]any{"total": size * 1e9, "architecture": strings.ToLower([]string{"Aster", "Birch", "Cedar", "Dahlia"}[i%4]), "context_length": 32768},
			Card:  map[string]any{"license": "apache-2.0"},
			Files: []hubtest.File{{Path: "m-Q4_K_M.gguf", Bytes: small}, {Path: "m-Q8_0.gguf", Bytes: small}},
		})
	}
	return repos
}
