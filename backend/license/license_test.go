package license_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"loam/backend/license"
)

func TestALicenceIsFoundHoweverItIsWritten(t *testing.T) {
	for stated, want := range map[string]string{
		"apache-2.0": "apache-2.0", "Apache-2.0": "apache-2.0", "license:apache-2.0": "apache-2.0", "Apache License 2.0": "apache-2.0",
		"\n\n                                 Apache License\n                           Version 2.0, January 2004\n": "apache-2.0",
		"MIT": "mit", "MIT License": "mit", "mit": "mit",
		"llama3.1": "llama3.1", "Llama 3.1 Community License": "llama3.1", "LLAMA 3.1 COMMUNITY LICENSE AGREEMENT\nLlama 3.1 Version": "llama3.1",
		"llama3": "llama3", "META LLAMA 3 COMMUNITY LICENSE AGREEMENT": "llama3",
		"gemma": "gemma", "Gemma Terms of Use": "gemma",
		"creativeml-openrail-m": "creativeml-openrail-m", "CreativeML Open RAIL-M": "creativeml-openrail-m",
		"openrail++": "openrail++", "CreativeML Open RAIL++-M License": "openrail++",
		"flux-1-dev-non-commercial-license": "flux-1-dev-non-commercial-license", "FLUX.1 [dev] Non-Commercial License": "flux-1-dev-non-commercial-license",
		"cc-by-nc-4.0": "cc-by-nc-4.0", "CC BY-NC 4.0": "cc-by-nc-4.0",
		"tongyi-qianwen": "qwen", "Qwen RESEARCH LICENSE AGREEMENT": "qwen-research",
		"stabilityai-ai-community": "stabilityai-ai-community",
	} {
		got, ok := license.Lookup(stated)
		if !ok || got.ID != want {
			t.Errorf("%q: %q, %v; want %q", stated, got.ID, ok, want)
		}
	}
	for _, stated := range []string{"", "not stated", "other", "unknown", "my-own-license", "a++", strings.Repeat("x", 1<<20)} {
		if got, ok := license.Lookup(stated); ok {
			t.Errorf("%.40q: taken for %s", stated, got.ID)
		}
	}
}

func TestEveryNameInTheTableLeadsBackToItsRow(t *testing.T) {
	for _, want := range license.All() {
		for _, stated := range []string{want.ID, want.Name, want.SPDX, strings.ToUpper(want.ID)} {
			if stated == "" {
				continue
			}
			got, _ := license.Lookup(stated)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%q (-want +got)\n%s", stated, diff)
			}
		}
	}
}

func TestEveryLicenceSaysWhatItAllows(t *testing.T) {
	for _, l := range license.All() {
		if l.Use == license.UseUnknown || !strings.HasSuffix(l.Allows, ".") || utf8.RuneCountInString(l.Allows) > 240 {
			t.Errorf("%s: use %v, sentence %q", l.ID, l.Use, l.Allows)
		}
		if l.Use == license.UseNonCommercial && !strings.Contains(l.Allows, "not commercially") && !strings.Contains(l.Allows, "only") {
			t.Errorf("%s forbids commercial use, and its sentence does not say so: %q", l.ID, l.Allows)
		}
	}
	for _, stated := range []string{"", "not stated", "other", "my-own"} {
		if s := license.Explain(stated); !strings.HasSuffix(s, ".") {
			t.Errorf("%q: %q", stated, s)
		}
	}
}

func FuzzLookup(f *testing.F) {
	for _, s := range []string{"apache-2.0", "Ⱥ", "\x00\n\xff", "llama 3.1 community license agreement", "license:"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		l, ok := license.Lookup(s)
		if ok != (l.ID != "") {
			t.Errorf("%q: found %v with identifier %q", s, ok, l.ID)
		}
		if n := utf8.RuneCountInString(license.Name(s)); n > 80 {
			t.Errorf("%q: a name of %d letters", s, n)
		}
		if license.Explain(s) == "" {
			t.Errorf("%q: nothing is said", s)
		}
	})
}
