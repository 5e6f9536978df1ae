# NAT rules with odd texts, and which of those that cannot be are announced.
F="other_config:ct-commit-nat-v2=true other_config:ct-commit-to-zone=true other_config:ct-label-flush=true other_config:ct-next-zone=true other_config:ct-no-masked-label=true other_config:fdb-timestamp=true other_config:is-interconn=false other_config:ls-dpg-column=true other_config:mac-binding-timestamp=true other_config:ovn-ct-lb-related=true other_config:ovn-sample-with-registers=true other_config:port-up-notif=true"
chassis() { ovn-sbctl chassis-add $1 geneve $2 -- set Chassis $1 $F hostname=host-$1 -- --id=@c get Chassis $1 -- create Chassis_Private name=$1 chassis=@c >/dev/null; }
chassis hv1 192.168.0.1; chassis hv2 192.168.0.2
for x in in out; do ovn-nbctl ls-add $x; done
for r in d g; do ovn-nbctl lr-add $r; done; ovn-nbctl set Logical_Router g options:chassis=hv1
ovn-nbctl lrp-add d d-in 0a:00:00:00:ff:01 10.0.0.254/24 fd00::ff/64; ovn-nbctl lrp-add d d-out 0a:00:00:00:ff:02 172.16.0.1/24 fd01::1/64 -- lrp-set-gateway-chassis d-out hv1 5
ovn-nbctl lrp-add g g-in 0a:00:00:00:ff:03 10.1.0.254/24 fd02::ff/64; ovn-nbctl lrp-add g g-out 0a:00:00:00:ff:04 172.17.0.1/24 fd03::1/64
for x in d-in:in d-out:out g-in:in g-out:out; do ovn-nbctl lsp-add ${x#*:} s-${x%:*} -- lsp-set-type s-${x%:*} router -- lsp-set-addresses s-${x%:*} router -- lsp-set-options s-${x%:*} router-port=${x%:*} nat-addresses=router; done
ovn-nbctl lsp-add in vm -- lsp-set-addresses vm "0a:00:00:00:00:01 10.0.0.1 fd00::1"
nat() { for r in d g; do ovn-nbctl --id=@n create NAT "$@" -- add Logical_Router $r nat @n >/dev/null; done; }
i=0
n4() { i=$((i+1)); nat external_ip=172.16.0.$i logical_ip=10.0.0.$i "$@"; }
for e in 172.16.0.300 172.016.0.9 '" 172.16.0.8"' '"172.16.0.7 "' 172.16.0.6/32 junk '"FD01::AB"'; do nat type=snat external_ip="$e" logical_ip=10.0.0.1; done
for l in 10.0.0.5/24 10.0.0.0/33 '""' '"fd00::5"'; do n4 type=dnat logical_ip="$l"; done
for m in '""' '"0A:00:00:00:00:0A"' '"0a:0:0:0:0:b"' '"0a:00:00:00:00:0cx"'; do n4 type=dnat_and_snat external_mac="$m" logical_port=vm; n4 type=dnat_and_snat external_mac="$m"; done
for o in options:stateless=TRUE options:stateless=1; do n4 type=dnat_and_snat $o; done
for p in d-in d-out g-in; do n4 type=snat gateway_port=$(ovn-nbctl --bare --columns=_uuid find Logical_Router_Port name=$p); done
for r in 2-1 65536 '"1 - 2"'; do n4 type=snat external_port_range="$r"; done
ovn-nbctl sync
