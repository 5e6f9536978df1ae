# Learned multicast groups with localnet ports, and gateway ports in groups.
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
igmp() { dp=$(ovn-sbctl --bare --columns=_uuid find Datapath_Binding external_ids:name=$1); pb=$(ovn-sbctl --bare --columns=_uuid find Port_Binding logical_port=$2); ch=$(ovn-sbctl --bare --columns=_uuid find Chassis name=hv1)
ovn-sbctl create IGMP_Group address=${3:-239.0.1.68} datapath=$dp chassis=$ch ports=$pb protocol=IGMPv2; }
sw() { ovn-nbctl ls-add $1 -- set Logical_Switch $1 other_config:mcast_snoop=true; ovn-nbctl lsp-add $1 vm-$1; }
sw a; localnet a; igmp a vm-a   # plain with localnet
sw b; ovn-nbctl lr-add rb; port rb b1 11 b; localnet b; igmp b vm-b  # router, no relay
sw c; ovn-nbctl lr-add rc -- set Logical_Router rc options:mcast_relay=true; port rc c1 12 c; localnet c; igmp c vm-c # relay no dgp
sw d; ovn-nbctl lr-add rd -- set Logical_Router rd options:mcast_relay=true; port rd d1 13 d; localnet d; gw d1; igmp d vm-d # relay dgp
sw e; ovn-nbctl lr-add re -- set Logical_Router re options:mcast_relay=true; port re e1 14 e; gw e1; igmp e vm-e # relay dgp no localnet
sw f; ovn-nbctl lr-add rf; port rf f1 15 f; localnet f; gw f1; igmp f vm-f # dgp localnet no relay
sw g; localnet g; ovn-nbctl set Logical_Switch g other_config:mcast_flood_unregistered=true ; igmp g vm-g
sw h; localnet h; ovn-nbctl set Logical_Switch_Port ln-h options:mcast_flood=true; igmp h vm-h
sw i; localnet i; ovn-nbctl set Logical_Switch_Port ln-i options:mcast_flood_reports=true; igmp i vm-i
sw j; localnet j; igmp j ln-j
sw k; ovn-nbctl lr-add rk -- set Logical_Router rk options:mcast_relay=true; port rk k1 16 k;  igmp k vm-k; igmp k s-k1 239.0.1.70; igmp k vm-k ff02::77; igmp k vm-k ff0e::77;  igmp k vm-k 224.0.0.77
sw l; port rk k2 17 l; gw k2; igmp l vm-l ff0e::77; igmp l s-k2 239.0.1.71; ovn-nbctl set Logical_Router_Port k2 options:mcast_flood=true

