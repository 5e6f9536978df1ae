F="other_config:ct-commit-nat-v2=true other_config:ct-commit-to-zone=true other_config:ct-label-flush=true other_config:ct-next-zone=true other_config:ct-no-masked-label=true other_config:fdb-timestamp=true other_config:is-interconn=false other_config:ls-dpg-column=true other_config:mac-binding-timestamp=true other_config:ovn-ct-lb-related=true other_config:ovn-sample-with-registers=true other_config:port-up-notif=true"
chassis() { ovn-sbctl chassis-add $1 geneve $2 -- set Chassis $1 $F -- --id=@c get Chassis $1 -- create Chassis_Private name=$1 chassis=@c >/dev/null; }
chassis hv1 192.168.0.1
dp() { ovn-sbctl --bare --columns=_uuid find Datapath_Binding external_ids:name=$1; }
pb() { ovn-sbctl --bare --columns=_uuid find Port_Binding logical_port=$1; }
igmp() { c=$(ovn-sbctl --bare --columns=_uuid find Chassis name=$1); ovn-sbctl create IGMP_Group address=\"$3\" datapath=$(dp $2) chassis=$c chassis_name=$1 ports=$4 >/dev/null; }
ovn-nbctl lr-add r0 -- set Logical_Router r0 options:mcast_relay=true
for i in 0 1; do
  ovn-nbctl ls-add sw$i
  ovn-nbctl lrp-add r0 r0-sw$i 0a:00:00:00:ff:0$i 10.0.$i.254/24 -- lsp-add sw$i sw$i-r0 -- lsp-set-type sw$i-r0 router -- lsp-set-addresses sw$i-r0 router -- lsp-set-options sw$i-r0 router-port=r0-sw$i
  ovn-nbctl set Logical_Switch sw$i other_config:mcast_snoop=true
  ovn-nbctl lsp-add sw$i p$i -- lsp-set-addresses p$i "0a:00:00:00:00:0$i 10.0.$i.1"
done
for a in 224.0.0.1 224.0.1.1 ff01::1 ff01::2 ff02::1 ff02::2 ff02::3 ff05::1 ff05::2 ff05::3 10.0.0.1 fe80::1 ff08::1 FF0E::AB 239.001.1.1; do igmp hv1 sw0 $a $(pb p0); done
ovn-nbctl sync
ovn-nbctl set Logical_Switch sw1 other_config:mcast_table_size=0 
igmp hv1 sw1 239.1.1.1 $(pb p1)
