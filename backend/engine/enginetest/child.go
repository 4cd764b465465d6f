package enginetest

import (
	"os"
	"testing"

	"loam/backend/engine"
	"loam/backend/runner"
	"loam/backend/worker"
)

// Main is the TestMain of a package whose tests start worker children: the test binary is the program, and in the child
// it serves a fake engine or one of the other drivers given.
func Main(m *testing.M, drivers ...engine.Engine) {
	if runner.IsWorker(os.Args) {
		os.Exit(runner.Main(os.Args, append(drivers, Driver(), Pictures())...))
	}
	os.Exit(m.Run())
}

// Spec starts the fake engine in a child of this test binary; model is a file of WriteModel. It needs Main.
func Spec(model string) worker.Spec {
	return worker.Spec{Engine: Name, Load: engine.LoadRequest{Path: model}}
}

// PicturesSpec starts the fake picture engine in a child of this test binary; model is a file of WritePictureModel.
func PicturesSpec(model string) worker.Spec {
	return worker.Spec{Engine: PicturesName, Picture: engine.PictureLoad{Files: engine.PictureFiles{Checkpoint: model}}}
}
