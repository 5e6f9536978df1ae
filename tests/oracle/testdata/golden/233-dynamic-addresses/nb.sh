# Each subnet has MACs of its own: which of two ports of different switches gets a MAC that both could have is a matter of order.
n=0
sw() { n=$((n+1)); ovn-nbctl ls-add s$n; for o in "$@"; do ovn-nbctl set Logical_Switch s$n "other_config:$o"; done; p=0; }
port() { p=$((p+1)); ovn-nbctl lsp-add s$n s$n-p$p; local a=""; for x in "$@"; do a="$a${a:+,}\"$x\""; done; ovn-nbctl set Logical_Switch_Port s$n-p$p "addresses=[$a]"; }
sw subnet=10.0.$((n+1)).0/29; for i in 1 2 3 4 5; do port dynamic; done
sw subnet=10.0.$((n+1)).0/29 'ipv6_prefix="aef0::"'; for i in 1 2 3; do port dynamic; done
sw "subnet=\" 10.0.$((n+1)).0/24\""; port dynamic
sw subnet=10.0.$((n+1)).0/24,10.1.0.0/24; port dynamic
sw subnet=10.0.$((n+1)).0/32; port dynamic
sw mac_only=TRUE; port dynamic; port dynamic; port "0a:00:00:00:00:77 dynamic"
for x in N.2 N.2..N.4 "N.2 N.4" "N.2,N.4" "N.4..N.2" "N.2..." "N.2..foo" "foo N.2" "N.2 foo N.3" "N.2 .. N.3" "9.0.0.1 N.2" "N.2-N.3" "0.0.0.0..N.5" "N.2/31" "fd00::1 N.2" "N.2..N.3..N.4" "N.300 N.2"; do
sw subnet=10.0.$((n+1)).0/24; ovn-nbctl set Logical_Switch s$n "other_config:exclude_ips=\"${x//N/10.0.$n}\""; port dynamic; port dynamic; done
for x in "dynamic N.5" "0a:00:00:00:00:nn dynamic" "dynamic aef0::5" "dynamic N.6 aef0::6" "dynamic aef0::7 N.7" "dynamic N.8 N.9" "0a:00:00:00:00:nn dynamic N.10" "dynamic 0a:00:00:00:00:nn" "dynamic foo" "dynamic  N.12" " dynamic" "dynamic " "Dynamic" "dynamic N.300" "0a:00:00:00:00:nn  dynamic" "dynamic AEF0::A" "dynamic N.016" "dynamic N.16/24" "dynamic N.5 foo" "dynamicN.5" "N.5 dynamic" "dynamic dynamic" "dynamic aef0::8/64" "dynamic fe80::1" "0a:00:00:00:00:nn dynamic foo"; do
sw subnet=10.0.$((n+1)).0/24 'ipv6_prefix="aef0::"'; x=${x//N/10.0.$n}; port "${x//nn/$n}"; port dynamic; done
sw subnet=10.0.$((n+1)).0/24; ovn-nbctl lr-add r$n; ovn-nbctl lrp-add r$n r$n-p 0a:00:00:00:01:01 10.0.$n.3/24; port router; ovn-nbctl lsp-set-type s$n-p1 router -- set Logical_Switch_Port s$n-p1 options:router-port=r$n-p; port dynamic; port dynamic "0a:00:00:00:00:78 10.0.$n.14"; port dynamic
