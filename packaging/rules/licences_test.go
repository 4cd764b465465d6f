package rules

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLinkedModulesArePermissive(t *testing.T) {
	packages, err := List(t.Context(), sourceTree(t), Native, "-deps", "./...")
	if err != nil {
		t.Fatal(err)
	}
	modules := map[string]ListedModule{}
	for _, p := range packages {
		if p.Module != nil && !p.Module.Main {
			modules[p.Module.Path] = *p.Module
		}
	}
	if len(modules) < 10 {
		t.Fatalf("%d modules are linked; the rule would look at too little", len(modules))
	}
	for _, path := range slices.Sorted(maps.Keys(modules)) {
		texts, err := licenceTexts(modules[path].Dir)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if len(texts) == 0 {
			t.Errorf("%s %s carries no licence file, so nothing allows us to ship it", path, modules[path].Version)
		}
		for name, text := range texts {
			if names := Licences(text); len(names) == 0 {
				t.Errorf("%s: %s is not a permissive licence that we know; read it and add it to licences.go, or drop the module", path, name)
			}
		}
	}
}

func TestOurOwnLicenceIsApache(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(sourceTree(t), "LICENSE"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"Apache-2.0"}, Licences(string(text))); diff != "" {
		t.Errorf("LICENSE (-want +got):\n%s", diff)
	}
}

func TestLicencesAreToldApart(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"MIT", "Permission is hereby granted, free of charge, to any person obtaining a copy\n of this software", []string{"MIT"}},
		{"GPL", "GNU GENERAL PUBLIC LICENSE\nVersion 3, 29 June 2007", nil},
		{"AGPL that quotes MIT", "GNU AFFERO GENERAL PUBLIC LICENSE ... Permission is hereby granted, free of charge", nil},
		{"MPL", "Mozilla Public License Version 2.0", nil},
		{"public domain, also for the non-commercial", "dedicated to the public domain, for any purpose, commercial or non-commercial,", []string{"public domain"}},
		{"non-commercial", "Permission is hereby granted, free of charge, for non-commercial research", nil},
		{"nothing", "All rights reserved.", nil},
		{"source available", "Functional Source License, Version 1.1", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, Licences(c.text)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

var (
	licenceFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying|unlicense)([.-].*)?$`)
	otherThings = regexp.MustCompile(`(?i)-(logo|3rd-party)\b`)
)

// licenceTexts returns the licence files at the root of a module. A logo's licence says nothing about code, and a list of third
// parties also names those of the tests; the linked ones are modules of their own here.
func licenceTexts(dir string) (map[string]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	texts := map[string]string{}
	for _, e := range entries {
		if !e.Type().IsRegular() || !licenceFile.MatchString(e.Name()) || otherThings.MatchString(e.Name()) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		texts[e.Name()] = string(text)
	}
	return texts, nil
}
