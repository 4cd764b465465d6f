//go:build nonative

package app

import (
	"testing"

	"loam/backend/engine"
)

func drivers() []engine.Engine { return nil }

func TestTheRealEngineIsNotPartOfThisBuild(t *testing.T) {
	t.Skip("built with the tag nonative: the tests with the real engine run without it, after make setup")
}
