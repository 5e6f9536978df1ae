F="other_config:ct-commit-nat-v2=true other_config:ct-commit-to-zone=true other_config:ct-label-flush=true other_config:ct-next-zone=true other_config:ct-no-masked-label=true other_config:fdb-timestamp=true other_config:is-interconn=false other_config:ls-dpg-column=true other_config:mac-binding-timestamp=true other_config:ovn-ct-lb-related=true other_config:ovn-sample-with-registers=true other_config:port-up-notif=true"
chassis() { ovn-sbctl chassis-add $1 geneve $2 -- set Chassis $1 $F -- --id=@c get Chassis $1 -- create Chassis_Private name=$1 chassis=@c >/dev/null; }
chassis hv1 192.168.0.1; chassis hv2 192.168.0.2
dp() { ovn-sbctl --bare --columns=_uuid find Datapath_Binding external_ids:name=$1; }
pb() { ovn-sbctl --bare --columns=_uuid find Port_Binding logical_port=$1; }
igmp() { c=$(ovn-sbctl --bare --columns=_uuid find Chassis name=$1); ovn-sbctl create IGMP_Group address=\"$3\" datapath=$(dp $2) chassis=$c chassis_name=$1 ports=$4 >/dev/null; }
ovn-nbctl lr-add r0
ovn-nbctl meter-add mig drop 10 pktps; ovn-nbctl copp-add cp igmp mig
for i in 0 1 2 3 4 5; do
  ovn-nbctl ls-add sw$i
  ovn-nbctl lrp-add r0 r0-sw$i 0a:00:00:00:ff:0$i 10.0.$i.254/24 -- lsp-add sw$i sw$i-r0 -- lsp-set-type sw$i-r0 router -- lsp-set-addresses sw$i-r0 router -- lsp-set-options sw$i-r0 router-port=r0-sw$i
  ovn-nbctl set Logical_Switch sw$i other_config:mcast_snoop=true
  ovn-nbctl lsp-add sw$i p$i -- lsp-set-addresses p$i "0a:00:00:00:00:0$i 10.0.$i.1"
  ovn-nbctl lsp-add sw$i q$i -- lsp-set-addresses q$i unknown
done
igmp hv1 sw0 239.1.1.1 $(pb p0),$(pb q0); igmp hv2 sw0 239.1.1.1 $(pb q0)
igmp hv1 sw1 ff0e::1:5 $(pb p1); igmp hv1 sw1 mrouters $(pb q1)
igmp hv1 sw2 224.0.0.9 $(pb p2)
igmp hv1 sw3 ff02::1 $(pb p3)
igmp hv1 sw4 239.1.1.4 $(pb p4)
igmp hv1 sw5 junk $(pb p5)
ovn-nbctl sync
ovn-nbctl set Logical_Switch sw4 other_config:mcast_snoop=false
ovn-nbctl set Logical_Switch sw3 other_config:mcast_flood_unregistered=true other_config:mcast_querier=true other_config:mcast_query_interval=77 other_config:mcast_query_max_response=3 other_config:mcast_eth_src=0a:00:00:00:00:99 other_config:mcast_ip4_src=10.0.3.99 other_config:mcast_ip6_src=fe80::99 other_config:mcast_idle_timeout=99 other_config:mcast_table_size=10
ovn-nbctl ls-copp-add cp sw0
ovn-nbctl set Logical_Switch_Port p0 options:mcast_flood=true
ovn-nbctl set Logical_Switch_Port p5 options:mcast_flood_reports=true
ovn-nbctl set Logical_Router r0 options:mcast_relay=true
ovn-nbctl set Logical_Router_Port r0-sw2 options:mcast_flood=true
ovn-nbctl set Logical_Router_Port r0-sw3 enabled=false
ovn-nbctl set Logical_Switch sw5 other_config:interconn-ts=sw5 other_config:mcast_table_size=0
ovn-nbctl lsp-add sw5 far -- lsp-set-type far remote
igmp hv1 sw5 239.1.1.5 $(pb far)
ovn-sbctl chassis-del hv2
ovn-nbctl sync
