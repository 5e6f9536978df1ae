#!/usr/bin/env bash
# The demo: a one-node cluster as a lab node (HOST=1: on this machine itself), a workload, what a user would look at.
#   tests/demo.sh up|down
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
bin=$PWD/bin
lab=demo
host=${HOST:-}
state=/var/tmp/kove-demo # says how the demo was started, so that `down` takes that away

say() { printf '\n\033[1m== %s\033[0m\n' "$*"; }
fail() { printf 'demo: %s\n' "$*" >&2; exit 1; }

# on the node
n() {
  if [ -f $state/host ]; then "$@"; else "$bin/lab" --name $lab exec n1 "$@"; fi
}
kove() { if [ -f $state/host ]; then "$bin/kove" "$@"; else n kove "$@"; fi; }
k() { kove kubectl "$@"; }
log() { if [ -f $state/host ]; then cat $state/kove.log; else n cat /var/log/kove.log; fi; }

wait_for() { # SECONDS WHAT COMMAND...
  local end=$((SECONDS + $1)) what=$2 begin=$SECONDS
  shift 2
  until "$@" >/dev/null 2>&1; do
    if [ $SECONDS -ge $end ]; then
      log | tail -n 40 >&2
      fail "no $what after $((SECONDS - begin)) s; above is the end of kove's log. \`make demo-down\` cleans up."
    fi
    sleep 0.3
  done
  printf '   %s after %s s\n' "$what" "$((SECONDS - begin))"
}

up() {
  [ "$(id -u)" = 0 ] || fail "needs root: namespaces, OVS and containers do"
  if [ -d $state ]; then
    kove status >/dev/null 2>&1 || fail "a demo was started and does not answer: run make demo-down first"
    say "the demo is up already"
  else
    mkdir -p $state
    if [ "$host" = 1 ]; then
      [ ! -e /var/lib/kove ] || { rm -rf $state; fail "/var/lib/kove exists: this machine has a kove of its own; use the demo without HOST=1"; }
      touch $state/host
      say "starting kove server on this machine"
      "$bin/kove" server </dev/null >$state/kove.log 2>&1 &
      disown
    else
      say "booting a lab node and kove server on it"
      "$bin/lab" --name $lab up --nodes 1 --kove "$bin/kove"
      "$bin/lab" --name $lab spawn n1 /var/log/kove.log kove server --node-ip 192.168.77.11
    fi
    wait_for 90 "the API server answers" k get --raw /readyz
    wait_for 120 "the node is Ready" k wait --for=condition=Ready node --all --timeout=2s
  fi
  image=$(k get pods -n kube-system -l k8s-app=kube-dns -o 'jsonpath={.items[0].spec.containers[0].image}')
  say "a workload: two web pods behind a Service"
  k apply -f - <<YAML
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
      - name: web
        image: $image
        imagePullPolicy: Never
        command: [kove-sys, web, -listen, ":8080"]
        env: [{name: POD_NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
YAML
  wait_for 60 "the workload runs" k rollout status deployment/web --timeout=2s
  wait_for 60 "DNS runs" k wait -n kube-system --for=condition=Ready pod -l k8s-app=kube-dns --timeout=2s
  first=$(k get pods -l app=web -o 'jsonpath={.items[0].metadata.name}')
  second=$(k get pods -l app=web -o 'jsonpath={.items[1].status.podIP}')
  say "kove status"
  kove status
  say "pods, addresses, subnets"
  k get pods -A -o wide
  k get subnets.kubeovn.io,vpcs.kubeovn.io
  say "ping from the node to a pod ($second)"
  n ping -c 3 "$second"
  say "from pod $first: the other pod, the Service by its name, a DNS answer"
  wait_for 30 "the Service answers in the pod" k exec "$first" -- kove-sys fetch -timeout 2s http://web/
  k exec "$first" -- kove-sys fetch "http://$second:8080/"
  k exec "$first" -- kove-sys fetch http://web/
  k exec "$first" -- kove-sys resolve web.default.svc.cluster.local
  say "the OVN that carries it, in this process: no ovn-northd, no ovsdb-server for NB or SB"
  kove nbctl show | head -n 30
  say "done"
  if [ -f $state/host ]; then
    echo "go on:  export KUBECONFIG=/etc/kove/kove.yaml; $bin/kove kubectl get pods -A; $bin/kove status"
  else
    echo "go on:  make lab-shell LAB=demo      then: kove kubectl get pods -A; kove status; kove nbctl show"
  fi
  echo "stop:   make demo-down"
}

down() {
  if [ -f $state/host ]; then
    "$bin/kove" stop --all --clean || fail "kove stop --all --clean did not succeed"
  fi
  [ ! -x "$bin/lab" ] || "$bin/lab" --name $lab down
  rm -rf $state
  echo "the demo is gone"
}

case "${1:-}" in
up | down) "$1" ;;
*) fail "usage: demo.sh up|down" ;;
esac
