package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
)

// webhook serves Kubernetes admission reviews over TLS and refuses objects labelled forbidden=yes.
func webhook(ctx context.Context, args []string) error {
	if len(args) != 3 {
		return errors.New("want ADDR CERTIFICATE KEY")
	}
	s := &http.Server{Addr: args[0], Handler: http.HandlerFunc(review)}
	go func() { <-ctx.Done(); s.Close() }()
	if err := s.ListenAndServeTLS(args[1], args[2]); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func review(w http.ResponseWriter, r *http.Request) {
	var in struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
		Request    struct {
			UID    string `json:"uid"`
			Object struct {
				Metadata struct {
					Labels map[string]string `json:"labels"`
				} `json:"metadata"`
			} `json:"object"`
		} `json:"request"`
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	response := map[string]any{"uid": in.Request.UID, "allowed": true}
	if in.Request.Object.Metadata.Labels["forbidden"] == "yes" {
		response = map[string]any{"uid": in.Request.UID, "allowed": false, "status": map[string]any{"message": "the probe forbids it"}}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"apiVersion": in.APIVersion, "kind": in.Kind, "response": response})
}
