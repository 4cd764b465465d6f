// Package bill writes the bill of materials: which models are installed, from where, under which licences and with which
// hashes, and what the program itself is made of. The format is CycloneDX 1.6 in JSON, in which a model is a
// machine-learning-model component, so that the tools of a firm can read it. Nothing of the machine or the person is in it:
// no path, no name, no number of chats.
//
// It is pure and safe from any goroutine; app gathers what goes in, the command line and the settings hand it out.
package bill

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"runtime/debug"
	"strings"
	"time"

	"loam/backend"
	"loam/backend/license"
)

// Contents is what a bill lists.
type Contents struct {
	Version string // of Loam
	Commit  string
	Now     time.Time
	Models  []backend.Model
	Engines []Engine
	Build   *debug.BuildInfo // the Go modules of the program; nil = not known
}

// Engine is a native engine that is installed.
type Engine struct {
	Name    string // "llama.cpp", "stable-diffusion.cpp"
	Version string // its build, as it told
	License string
	Source  string // an address
}

// The parts of CycloneDX 1.6 that are written, in its own words.
type document struct {
	Schema       string       `json:"$schema"`
	BOMFormat    string       `json:"bomFormat"`
	SpecVersion  string       `json:"specVersion"`
	SerialNumber string       `json:"serialNumber"`
	Version      int          `json:"version"`
	Metadata     metadata     `json:"metadata"`
	Components   []component  `json:"components"`
	Dependencies []dependency `json:"dependencies"`
}

type metadata struct {
	Timestamp string    `json:"timestamp"`
	Tools     tools     `json:"tools"`
	Component component `json:"component"`
}

type tools struct {
	Components []component `json:"components"`
}

type component struct {
	Type               string      `json:"type"`
	Ref                string      `json:"bom-ref,omitempty"`
	Name               string      `json:"name"`
	Version            string      `json:"version,omitempty"`
	Description        string      `json:"description,omitempty"`
	Hashes             []hash      `json:"hashes,omitempty"`
	Licenses           []choice    `json:"licenses,omitempty"`
	PURL               string      `json:"purl,omitempty"`
	ExternalReferences []reference `json:"externalReferences,omitempty"`
	ModelCard          *modelCard  `json:"modelCard,omitempty"`
	Properties         []property  `json:"properties,omitempty"`
}

type hash struct {
	Alg     string `json:"alg"`
	Content string `json:"content"`
}

type choice struct {
	License licence `json:"license"`
}

type licence struct {
	ID   string `json:"id,omitempty"` // of the SPDX list, or else
	Name string `json:"name,omitempty"`
	URL  string `json:"url,omitempty"`
}

type reference struct {
	Type string `json:"type"`
	URL  string `json:"url"`
}

type modelCard struct {
	Parameters modelParameters `json:"modelParameters"`
}

type modelParameters struct {
	Task         string `json:"task,omitempty"`
	Family       string `json:"architectureFamily,omitempty"`
	Architecture string `json:"modelArchitecture,omitempty"`
}

type property struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type dependency struct {
	Ref       string   `json:"ref"`
	DependsOn []string `json:"dependsOn,omitempty"`
}

const programRef = "loam"

// Write writes a bill.
func Write(w io.Writer, c Contents) error {
	d := document{
		Schema: "http://cyclonedx.org/schema/bom-1.6.schema.json", BOMFormat: "CycloneDX", SpecVersion: "1.6", SerialNumber: serial(), Version: 1,
		Metadata: metadata{Timestamp: c.Now.UTC().Format(time.RFC3339), Component: program(c)},
	}
	tool := program(c)
	tool.Ref = ""
	d.Metadata.Tools.Components = []component{tool}
	d.Components = append(d.Components, modules(c.Build)...)
	d.Components = append(d.Components, engines(c.Engines)...)
	var parts []string
	for _, p := range d.Components {
		parts = append(parts, p.Ref)
	}
	d.Dependencies = append(d.Dependencies, dependency{Ref: programRef, DependsOn: parts})
	for _, m := range c.Models {
		d.Components = append(d.Components, model(m))
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(d); err != nil {
		return fmt.Errorf("write the bill of materials: %w", err)
	}
	return nil
}

// serial is a random number for one bill, as RFC 4122 writes them.
func serial() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

func program(c Contents) component {
	p := component{Type: "application", Ref: programRef, Name: "Loam", Version: c.Version, Licenses: licences("apache-2.0", "")}
	if c.Commit != "" {
		p.Properties = []property{{"loam:commit", c.Commit}}
	}
	return p
}

// modules are the Go modules that were built in.
func modules(b *debug.BuildInfo) []component {
	if b == nil {
		return nil
	}
	list := []component{{
		Type: "platform", Ref: "go", Name: "Go", Version: strings.TrimPrefix(b.GoVersion, "go"), Licenses: licences("bsd-3-clause", ""),
	}}
	for _, m := range b.Deps {
		for m.Replace != nil {
			m = m.Replace
		}
		purl := "pkg:golang/" + escaped(m.Path) + "@" + url.PathEscape(m.Version)
		list = append(list, component{Type: "library", Ref: purl, Name: m.Path, Version: m.Version, PURL: purl})
	}
	return list
}

// escaped writes a module's path as package addresses do, its slashes kept.
func escaped(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		parts[i] = url.PathEscape(p)
	}
	return strings.Join(parts, "/")
}

func engines(list []Engine) []component {
	var out []component
	for i, e := range list {
		c := component{Type: "library", Ref: fmt.Sprintf("engine-%d", i+1), Name: e.Name, Version: e.Version, Licenses: licences(e.License, "")}
		c.ExternalReferences = references(e.Source, "vcs")
		out = append(out, c)
	}
	return out
}

// tasks are what kinds of models are for, in the words of model cards.
var tasks = map[backend.ModelKind]string{
	backend.KindChat: "text-generation", backend.KindAdapter: "text-generation", backend.KindEmbedding: "feature-extraction",
	backend.KindReranker: "text-ranking", backend.KindGuard: "text-classification", backend.KindDiffusion: "text-to-image",
	backend.KindLoRA: "text-to-image", backend.KindUpscaler: "image-to-image", backend.KindControlNet: "image-to-image",
}

func model(m backend.Model) component {
	c := component{
		Type: "machine-learning-model", Ref: fmt.Sprintf("model-%d", m.ID), Name: m.Name, Version: m.Quant, Licenses: licences(m.License, m.Source),
		ExternalReferences: references(m.Source, "distribution"),
		ModelCard:          &modelCard{modelParameters{Task: tasks[m.Kind], Family: m.Family, Architecture: m.Family}},
	}
	if len(m.SHA256) == 64 {
		c.Hashes = []hash{{"SHA-256", m.SHA256}}
	}
	add := func(name, value string) {
		if value != "" && value != "0" {
			c.Properties = append(c.Properties, property{"loam:" + name, value})
		}
	}
	add("kind", string(m.Kind))
	add("format", m.Format)
	add("size", fmt.Sprint(m.SizeBytes))
	add("parameters", fmt.Sprint(m.Parameters))
	if c.ExternalReferences == nil {
		add("source", plainSource(m.Source))
	}
	if c.Hashes == nil {
		add("hash", "not computed yet")
	}
	return c
}

// plainSource keeps a source that is no path of this machine.
func plainSource(s string) string {
	if strings.ContainsAny(s, `/\`) {
		return ""
	}
	return s
}

// references are addresses; what is none is left out.
func references(source, kind string) []reference {
	if strings.HasPrefix(source, "huggingface.co/") || strings.HasPrefix(source, "hf.co/") || strings.HasPrefix(source, "github.com/") {
		source = "https://" + source
	}
	u, err := url.Parse(source)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil {
		return nil
	}
	u.RawQuery, u.Fragment = "", "" // a link may carry a token
	return []reference{{kind, u.String()}}
}

func licences(stated, source string) []choice {
	l, known := license.Lookup(stated)
	switch {
	case known && l.SPDX != "":
		return []choice{{licence{ID: l.SPDX, URL: l.URL}}}
	case known:
		return []choice{{licence{Name: l.Name, URL: l.URL}}}
	}
	name := license.Name(stated)
	if name == "" {
		name = "not stated"
	}
	c := licence{Name: name}
	if r := references(source, ""); r != nil {
		c.URL = r[0].URL
	}
	return []choice{{c}}
}
