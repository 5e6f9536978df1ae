# A route with a port but no next hop: what it is for is on the link. Words in capitals.
F="other_config:ct-commit-nat-v2=true other_config:ct-commit-to-zone=true other_config:ct-label-flush=true other_config:ct-next-zone=true other_config:ct-no-masked-label=true other_config:fdb-timestamp=true other_config:is-interconn=false other_config:ls-dpg-column=true other_config:mac-binding-timestamp=true other_config:ovn-ct-lb-related=true other_config:ovn-sample-with-registers=true other_config:port-up-notif=true"
chassis() { ovn-sbctl chassis-add $1 geneve $2 -- set Chassis $1 $F hostname=host-$1 -- --id=@c get Chassis $1 -- create Chassis_Private name=$1 chassis=@c >/dev/null; }
chassis hv1 192.168.0.1
for r in d g; do ovn-nbctl lr-add $r; done; ovn-nbctl set Logical_Router g options:chassis=hv1; ovn-nbctl --wait=sb sync
for x in "d d-in 0a:00:00:00:ff:01 10.0.0.254/24 fd00::ff/64" "d d-out 0a:00:00:00:ff:02 172.16.0.1/24 fd01::1/64" "d d-4 0a:00:00:00:ff:03 172.17.0.1/24" "d d-6 0a:00:00:00:ff:04 fd02::1/64" "g g-in 0a:00:00:00:ff:05 10.0.0.254/24"; do ovn-nbctl lrp-add $x; done
ovn-nbctl lrp-set-gateway-chassis d-out hv1 5
rt() { ovn-nbctl --id=@n create Logical_Router_Static_Route "${@:2}" -- add Logical_Router $1 static_routes @n >/dev/null; }
i=0; r4() { i=$((i+1)); rt d ip_prefix=192.168.$i.0/24 nexthop='""' "$@"; rt d ip_prefix="\"fd09:$i::/64\"" nexthop='""' "$@"; rt g ip_prefix=192.168.$i.0/24 nexthop='""' "$@"; }
for o in d-in d-out d-4 d-6 nope g-in '""'; do r4 output_port=$o; done
rt d ip_prefix=192.168.103.0/24 nexthop='" "' output_port=d-in; rt d ip_prefix=192.168.104.0/24 nexthop=junk output_port=d-in; rt d ip_prefix=192.168.105.0/24 nexthop=10.0.0.0/24 output_port=d-in
r4 output_port=d-in policy=src-ip; r4 output_port=d-in route_table=rt
rt g ip_prefix=192.168.102.0/24 nexthop=10.0.0.7 options:ecmp_symmetric_reply=TRUE; rt g ip_prefix=192.168.102.0/24 nexthop=10.0.0.8 options:ecmp_symmetric_reply=1
