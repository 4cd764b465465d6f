package rules

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// reaches are the functions and types of package net that reach another machine, or let one reach us.
var reaches = []string{
	"Dial", "DialTimeout", "DialTCP", "DialUDP", "DialIP", "DialUnix", "Dialer", "Listen", "ListenTCP", "ListenUDP", "ListenIP", "ListenUnix",
	"ListenConfig", "ListenPacket", "ListenMulticastUDP", "ListenUnixgram", "FileConn", "FileListener", "FilePacketConn", "Resolver",
	"DefaultResolver", "LookupHost", "LookupIP", "LookupIPAddr", "LookupAddr", "LookupCNAME", "LookupMX", "LookupNS", "LookupPort", "LookupSRV",
	"LookupTXT", "LookupNetIP", "ResolveIPAddr",
}

// mayReach says whether a file may use them: the one door, the socket in the data folder, and what serves tests.
func mayReach(name string) bool {
	dir := filepath.ToSlash(filepath.Dir(name))
	return dir == "backend/outbound" || dir == "backend/instance" || strings.HasSuffix(name, "_test.go") || TestAid(dir)
}

// TestOneDoorLeadsToTheNetwork: whoever opens a connection elsewhere escapes the offline switch and the log. Packages that do it
// for their callers (net/http and alike) are held by the doors.
func TestOneDoorLeadsToTheNetwork(t *testing.T) {
	seen := 0
	for name, text := range goFiles(t) {
		file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.SkipObjectResolution)
		if err != nil {
			t.Errorf("parse: %v", err)
			continue
		}
		local := ""
		for _, i := range file.Imports {
			if i.Path.Value == `"net"` {
				local = "net"
				if i.Name != nil {
					local = i.Name.Name
				}
			}
		}
		if local == "" {
			continue
		}
		if local == "." {
			t.Errorf("%s imports net with a dot: nothing can be seen then", name)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			s, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if x, ok := s.X.(*ast.Ident); ok && x.Name == local && slices.Contains(reaches, s.Sel.Name) {
				if seen++; !mayReach(name) {
					t.Errorf("%s uses net.%s: ask through backend/outbound, which can be shut and keeps a log", name, s.Sel.Name)
				}
			}
			return true
		})
	}
	if seen == 0 {
		t.Error("no use was found; the rule looks at nothing")
	}
}
