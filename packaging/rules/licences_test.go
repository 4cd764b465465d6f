package rules

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLinkedModulesArePermissive(t *testing.T) {
	modules, err := Linked(t.Context(), sourceTree(t), "./...")
	if err != nil {
		t.Fatal(err)
	}
	if len(modules) < 10 {
		t.Fatalf("%d modules are linked; the rule would look at too little", len(modules))
	}
	for _, m := range modules {
		texts, err := LicenceTexts(m.Dir)
		if err != nil {
			t.Errorf("%s: %v", m.Path, err)
			continue
		}
		if len(texts) == 0 {
			t.Errorf("%s %s carries no licence file, so nothing allows us to ship it", m.Path, m.Version)
		}
		for name, text := range texts {
			if names := Licences(text); len(names) == 0 {
				t.Errorf("%s: %s is not a permissive licence that we know; read it and add it to licences.go, or drop the module", m.Path, name)
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
