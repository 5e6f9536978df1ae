# Addresses as stock reads them: octets beyond 255, leading zeros, blanks, masks, capitals.
FEATS="port-up-notif ct-no-masked-label ovn-ct-lb-related mac-binding-timestamp fdb-timestamp ls-dpg-column ct-commit-nat-v2 ct-commit-to-zone ovn-sample-with-registers ct-next-zone ct-label-flush"
chassis() { ovn-sbctl chassis-add $1 geneve ${2:-192.168.0.1}; for f in $FEATS; do [ $f = "$3" ] || ovn-sbctl set Chassis $1 other_config:$f=true; done; }
port() { # lr lrp n sw [options...]
 ovn-nbctl --may-exist ls-add $4; ovn-nbctl lrp-add $1 $2 0a:00:00:00:$3:01 10.$3.1.1/24 fd00:$3::1/64 -- lsp-add $4 s-$2 -- lsp-set-type s-$2 router -- lsp-set-addresses s-$2 router -- lsp-set-options s-$2 router-port=$2; }
gw() { ovn-nbctl lrp-set-gateway-chassis $1 hv1; }
localnet() { ovn-nbctl lsp-add $1 ln-$1 $2 $3 -- lsp-set-type ln-$1 localnet -- lsp-set-options ln-$1 network_name=phys; }
NQ=()
nat() { local r=$1; shift; NI=$((NI+1)); NQ+=(-- --id=@n$NI create NAT "$@" -- add Logical_Router $r nat @n$NI); }
flush() { [ ${#NQ[@]} = 0 ] || ovn-nbctl "${NQ[@]}"; NQ=(); }
route() { local r=$1; shift; NI=$((NI+1)); NQ+=(-- --id=@n$NI create Logical_Router_Static_Route "$@" -- add Logical_Router $r static_routes @n$NI); }
chassis hv1
ovn-nbctl lr-add r
n=0
for net in 10.0.0.300/24 10.01.2.3/24 010.3.0.1/24 +10.4.0.1/24 " 10.5.0.1/24" "10.6.0.1/24 " 10.7.0.1/024 10.8.0.1/33 10.9.0.1/-1 10.10.0.1/ 10.11.0.1/0 10.12.0.1/255.255.0.0 10.13.0.1/255.0.255.0 10.14.1/24 10.15.0.1.2/24 10.-1.0.1/24 "10. 17.0.1/24" 10.18.0.1/24x 10.999999999999.0.1/24 0x0a.20.0.1/24 10.21.0.1/31 10.22.0.1/32 10.23.0.0/24 10.24.0.255/24 0.0.0.0/0 255.255.255.255/32 224.0.0.1/4 10.25.0.1/255.255.255.256 FD00:0:0:1::1/64 fd00:0000:0002:0000:0:0:0:1/64 fd00::3::1/64 fd00:4::1/129 fd00:5::1/128 fd00:6::1/127 "fd00:7::1/ffff:ffff:ffff:ffff::" fd00:8::1/0 ::/0 ::1/128 fd00:9::10.1.1.1/64 fe80::1/64 fe80::2/10 ff02::1/64 fd00:10::1%eth0/64 "fd00:11::1/64 " " fd00:12::1/64" fd00:13::1/064 fd00:14:0:0:0:0:0:0:1/64 12345::1/64 fd00:15::G/64 10.26.0.1/+24 "10.27.0.1/ 24" 10.28.0.1/24.0 10.29.0.1; do
n=$((n+1)); ovn-nbctl -- --id=@p create Logical_Router_Port name=p$n mac='"'$(printf 0a:00:00:00:00:%02x $n)'"' networks="\"$net\"" -- add Logical_Router r ports @p
route r ip_prefix="\"$net\"" nexthop="\"192.168.$n.1\"" output_port=pp
done
ovn-nbctl lrp-add r pp 0a:00:00:00:77:77 192.168.0.1/16 fd99::1/64
flush
chassis hv1
ovn-nbctl lr-add a; port a a1 41 swa1; localnet swa1; gw a1; port a a2 42 swa2
ovn-nbctl lr-add b; port b b1 43 swb1; port b b2 44 swb2; ovn-nbctl set Logical_Router b options:chassis=hv1
n=0
for r in a:41 b:43; do IFS=: read r x <<<$r
for t in snat dnat dnat_and_snat; do
for e in 10.$x.1.300 010.$x.1.9 10.$x.1.10/32 10.$x.1.64/26 " 10.$x.1.11" "10.$x.1.12 " FD00:$x:0::13 fd00:$x:0:0:0:0:0:14 fd00:$x::15/128 fd00:$x::1600/120 "" abc fe80::5 10.$x.1.1 fd00:$x::1 0.0.0.0 255.255.255.255 ::; do
n=$((n+1)); case $e in *[:]*) l=fd00:77::$n;; *) l=10.77.1.$n;; esac
nat $r type=$t external_ip="\"$e\"" logical_ip="\"$l\""
done
for l in 10.78.1.300 010.78.1.9 10.78.1.10/32 10.78.1.64/26 10.78.1.77/26 0.0.0.0/0 " 10.78.1.11" "10.78.1.12 " "" abc 10.78.1.13/33 10.78.1.64/255.255.255.192; do
n=$((n+1)); nat $r type=$t external_ip=10.$x.2.$n logical_ip="\"$l\""; done
for l in FD00:78::1 fd00:78:0:0:0:0:0:2 fd00:78::3/128 fd00:78::1600/120 fd00:78::1677/120 ::/0 fe80::1; do
n=$((n+1)); nat $r type=$t external_ip="\"fd00:$x::2:$n\"" logical_ip="\"$l\""; done
nat $r type=$t external_ip=10.$x.2.200 logical_ip="\"fd00::1\""
nat $r type=$t external_ip="\"fd00:$x::2:200\"" logical_ip="10.0.0.1"
done; done; flush

