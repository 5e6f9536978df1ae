# Where NAT rules are carried out: each type with and without a MAC and a port, on gateway ports of all kinds.
FEATS="port-up-notif ct-no-masked-label ovn-ct-lb-related mac-binding-timestamp fdb-timestamp ls-dpg-column ct-commit-nat-v2 ct-commit-to-zone ovn-sample-with-registers ct-next-zone ct-label-flush"
chassis() { ovn-sbctl chassis-add $1 geneve ${2:-192.168.0.1}; for f in $FEATS; do [ $f = "$3" ] || ovn-sbctl set Chassis $1 other_config:$f=true; done; }
port() { # lr lrp n sw [options...]
 ovn-nbctl --may-exist ls-add $4; ovn-nbctl lrp-add $1 $2 0a:00:00:00:$3:01 10.$3.1.1/24 fd00:$3::1/64 -- lsp-add $4 s-$2 -- lsp-set-type s-$2 router -- lsp-set-addresses s-$2 router -- lsp-set-options s-$2 router-port=$2; }
gw() { ovn-nbctl lrp-set-gateway-chassis $1 hv1; }
localnet() { ovn-nbctl lsp-add $1 ln-$1 $2 $3 -- lsp-set-type ln-$1 localnet -- lsp-set-options ln-$1 network_name=phys; }
NQ=()
nat() { local r=$1; shift; NI=$((NI+1)); NQ+=(-- --id=@n$NI create NAT "$@" -- add Logical_Router $r nat @n$NI); }
flush() { [ ${#NQ[@]} = 0 ] || ovn-nbctl "${NQ[@]}"; NQ=(); }
chassis hv1
ovn-nbctl lr-add a; port a a1 11 swa1; localnet swa1; gw a1; port a a2 12 swa2
ovn-nbctl lr-add b; port b b1 13 swb1; gw b1; port b b2 14 swb2
ovn-nbctl lr-add c; ovn-nbctl lr-add cc; ovn-nbctl lrp-add c c1 0a:00:00:00:15:01 10.15.1.1/24 fd00:15::1/64 peer=cc1 -- lrp-add cc cc1 0a:00:00:00:15:02 10.15.1.2/24 fd00:15::2/64 peer=c1; gw c1; port c c2 16 swc2
ovn-nbctl lr-add d; port d d1 17 swd1; ovn-nbctl set Logical_Router d options:chassis=hv1; port d d2 18 swd2
ovn-nbctl lr-add e; port e e1 19 swe1;  port e e2 20 swe2
ovn-nbctl lr-add f; port f f1 21 swf1; gw f1; port f f2 22 swf2; gw f2
ovn-nbctl ls-add vms -- lsp-add vms vm
for n in a:11:12 b:13:14 c:15:16 d:17:18 e:19:20 f:21:22; do IFS=: read r x y <<<$n; i=20
 for t in dnat snat dnat_and_snat; do
 for e in "" "external_mac=\"0a:00:00:00:99:MM\"" "logical_port=vm" "external_mac=\"0a:00:00:00:99:MM\" logical_port=vm" "external_mac=\"bad\" logical_port=vm" "external_mac=\"0A:00:00:00:99:MM\" logical_port=novm"; do
 for x4 in "" options:stateless=true 'match="ip4.dst==1.1.1.1"'; do
  i=$((i+1)); m=$(printf %02x $i); E=(); for w in ${e//MM/$m}; do E+=("${w/=/=}"); done
  nat $r type=$t external_ip=10.$x.1.$i logical_ip=10.$y.1.$i $x4 "${E[@]}"
  [ -z "$x4" ] && nat $r type=$t external_ip="\"fd00:$x::$i\"" logical_ip="\"fd00:$y::$i\"" $x4 "${E[@]}"
 done; done; done; flush
done

