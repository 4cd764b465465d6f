package rules

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// permissive are the licences we may link, each with words that only it has. Compared with white space collapsed and in lower
// case, so that wrapping does not matter.
var permissive = []struct{ name, words string }{
	{"MIT", "permission is hereby granted, free of charge, to any person obtaining a copy of this software"},
	{"Apache-2.0", "apache license version 2.0, january 2004"},
	{"BSD", "redistribution and use in source and binary forms, with or without modification, are permitted provided that"},
	{"ISC", "permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted"},
	{"ISC", "permission to use, copy, modify, and distribute this software for any purpose with or without fee is hereby granted"},
	{"Zlib", "this software is provided 'as-is', without any express or implied warranty"},
	{"Unlicense", "this is free and unencumbered software released into the public domain"},
	{"public domain", "the author disclaims copyright to this source code"},
	{"public domain", "dedicated to the public domain"},
	{"public domain", "in the public domain"},
}

// restrictive are words of licences that ask for more than a notice; a file that holds them passes under no other name.
var restrictive = []string{
	"gnu general public license", "gnu affero general public license", "gnu lesser general public license", "gnu library general public license",
	"mozilla public license", "eclipse public license", "common development and distribution license", "european union public licence",
	"server side public license", "business source license", "functional source license", "elastic license", "commons clause",
	"attribution-noncommercial", "for non-commercial", "for noncommercial", "non-commercial use only", "noncommercial use only",
}

// Licences returns the names of the permissive licences whose words the text holds, nil where there is none or where the text
// also holds those of a restrictive one.
func Licences(text string) []string {
	text = strings.Join(strings.Fields(strings.ToLower(text)), " ")
	for _, words := range restrictive {
		if strings.Contains(text, words) {
			return nil
		}
	}
	var names []string
	for _, l := range permissive {
		if strings.Contains(text, l.words) && (len(names) == 0 || names[len(names)-1] != l.name) {
			names = append(names, l.name)
		}
	}
	return names
}

// Linked lists the modules other than ours that end up in what the pattern names ("./...", "."), in the order of their paths.
func Linked(ctx context.Context, root, pattern string) ([]ListedModule, error) {
	packages, err := List(ctx, root, Native, "-deps", pattern)
	if err != nil {
		return nil, err
	}
	var modules []ListedModule
	for _, p := range packages {
		if p.Module != nil && !p.Module.Main {
			modules = append(modules, *p.Module)
		}
	}
	slices.SortFunc(modules, func(a, b ListedModule) int { return cmp.Compare(a.Path, b.Path) })
	return slices.CompactFunc(modules, func(a, b ListedModule) bool { return a.Path == b.Path }), nil
}

var (
	licenceFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying|unlicense)([.-].*)?$`)
	otherThings = regexp.MustCompile(`(?i)-(logo|3rd-party)\b`)
)

// LicenceTexts returns the licence files in a module's own folder by name. A logo's licence says nothing about code, and a list of
// third parties also names those of the tests; the linked ones are modules of their own here.
func LicenceTexts(dir string) (map[string]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("look for a licence: %w", err)
	}
	texts := map[string]string{}
	for _, e := range entries {
		if !e.Type().IsRegular() || !licenceFile.MatchString(e.Name()) || otherThings.MatchString(e.Name()) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, fmt.Errorf("read a licence: %w", err)
		}
		texts[e.Name()] = string(text)
	}
	return texts, nil
}
