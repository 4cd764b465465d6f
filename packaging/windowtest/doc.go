// Package windowtest drives the built program as a person would: a real window on a virtual screen (Xvfb), real keys and
// clicks (xdotool), real drops (xdnd_drop.py), the real engine with the starter model, and kill -9 wherever it hurts.
// It needs bin/loam with its libraries (make build) and the packages that make setup installs. Its tests carry the
// build tag "window" and run one after the other:
//
//	go test -trimpath -tags "migrated_fynedo window" ./packaging/windowtest
//
// What happened is read from the store, what is seen from screenshots; LOAM_SHOTS=DIR keeps the screenshots for a look,
// LOAM_STORM=full runs the kill tests at their full length, LOAM_PROGRAM=FILE tests an installed program instead of bin/loam, and
// LOAM_MENU=FILE its menu entry.
package windowtest
