# gateway_mtu with and without VLAN tags, and values that are none.
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
i=0
mk() { # name ; makes router lr$1 with DGP port gp$1 on switch ext$1
 ovn-nbctl ls-add ext$1 -- lr-add lr$1 -- lrp-add lr$1 in$1 0a:00:00:01:00:0$1 10.$1.1.1/24 fd00:$1::1/64; ovn-nbctl lrp-add lr$1 gp$1 0a:00:00:02:00:0$1 172.16.$1.1/24 fd01:$1::1/64 -- lsp-add ext$1 e$1 -- lsp-set-type e$1 router -- lsp-set-addresses e$1 router -- lsp-set-options e$1 router-port=gp$1 -- set Logical_Router_Port gp$1 options:gateway_mtu=1400
}
dgp() { gw gp$1; }
for i in 1 2 3 4 5 6 7 8 9; do mk $i; done
# 1: localnet without tag, dgp
ovn-nbctl lsp-add ext1 ln1 -- lsp-set-type ln1 localnet -- lsp-set-options ln1 network_name=phys; dgp 1
# 2: tag
ovn-nbctl lsp-add ext2 ln2 "" 121 -- lsp-set-type ln2 localnet; dgp 2
# 3: tag=0
ovn-nbctl lsp-add ext3 ln3 -- lsp-set-type ln3 localnet -- set Logical_Switch_Port ln3 tag_request=0; dgp 3
# 4: two localnets, one tagged
ovn-nbctl lsp-add ext4 ln4 -- lsp-set-type ln4 localnet; ovn-nbctl lsp-add ext4 ln4b "" 12 -- lsp-set-type ln4b localnet; dgp 4
# 5: gateway router, tag
ovn-nbctl set Logical_Router lr5 options:chassis=hv1 -- lsp-add ext5 ln5 "" 121 -- lsp-set-type ln5 localnet
# 6: not gateway, tag
ovn-nbctl lsp-add ext6 ln6 "" 121 -- lsp-set-type ln6 localnet
# 7: tag column set but not tag_request
ovn-nbctl lsp-add ext7 ln7  -- lsp-set-type ln7 localnet -- set Logical_Switch_Port ln7 tag=44; dgp 7
# 8: tag on plain port
ovn-nbctl lsp-add ext8 ln8 "" 121 ; ovn-nbctl lsp-add ext8 ln8b -- lsp-set-type ln8b localnet; dgp 8
# 9: two dgp, one with tag, one not
ovn-nbctl ls-add exb9 ; ovn-nbctl lsp-add exb9 eb9 -- lsp-set-type eb9 router -- lsp-set-addresses eb9 router -- lsp-set-options eb9 router-port=in9 -- set Logical_Router_Port in9 options:gateway_mtu=1300 ; ovn-nbctl lsp-add exb9 ln9b "" 9 -- lsp-set-type ln9b localnet; gw in9; dgp 9
ovn-nbctl lsp-add ext9 ln9 -- lsp-set-type ln9 localnet
for r in 1 2 9; do ovn-nbctl ls-add in$r; ovn-nbctl lsp-add in$r vm$r; done
for r in 1 2 9; do ovn-nbctl lr-nat-add lr$r dnat_and_snat 172.16.$r.100 10.$r.1.100 vm$r 0a:00:00:03:00:0$r; ovn-nbctl lr-nat-add lr$r dnat_and_snat fd01:$r::100 fd00:$r::100 vm$r 0a:00:00:03:00:1$r; done
ovn-nbctl set Logical_Router_Port gp2 options:gateway_mtu_bypass=tcp
# values
ovn-nbctl lr-add lrv
n=10
for v in 0 -1 abc 65535 70000 2147483647 4294967296 0x500 " 1400" "1400 " 1400x 01400 9223372036854775807; do
 n=$((n+1))
 ovn-nbctl lrp-add lrv v$n 0a:00:00:09:00:$n 10.200.$n.1/24 -- set Logical_Router_Port v$n options:gateway_mtu="\"$v\""
done

