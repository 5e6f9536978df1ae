# A service monitor keeps the chassis that had the port last.
ovn-sbctl chassis-add hv1 geneve 192.168.0.1 -- set Chassis hv1 other_config:port-up-notif=true
ovn-sbctl chassis-add hv2 geneve 192.168.0.2 -- set Chassis hv2 other_config:port-up-notif=true
ovn-nbctl ls-add s
for i in 1 2 3 4 5 6; do ovn-nbctl lsp-add s p$i -- lsp-set-addresses p$i "0a:00:00:00:00:0$i 10.0.0.$i"; done
bind() { ovn-sbctl set Port_Binding $1 chassis=$(ovn-sbctl --bare --columns=_uuid find Chassis name=$2) up=$3; ovn-nbctl sync; }
bind p1 hv1 false
bind p2 hv1 true
bind p3 hv1 true
bind p4 hv1 true
bind p6 hv1 true
ovn-sbctl lsp-unbind p6
ovn-nbctl lb-add lb1 10.96.0.1:80 10.0.0.1:80,10.0.0.2:80,10.0.0.3:80,10.0.0.4:80,10.0.0.5:80,10.0.0.6:80 tcp -- ls-lb-add s lb1
ovn-nbctl --id=@h create Load_Balancer_Health_Check vip="\"10.96.0.1:80\"" -- add Load_Balancer lb1 health_check @h
for i in 1 2 3 4 5 6; do ovn-nbctl set Load_Balancer lb1 ip_port_mappings:10.0.0.$i=p$i:10.0.0.254; done
ovn-nbctl sync
mon() { ovn-sbctl set Service_Monitor $(ovn-sbctl --bare --columns=_uuid find Service_Monitor logical_port=$1) status=$2; ovn-nbctl sync; }
mon p2 online
mon p3 online
mon p4 online
mon p6 online
bind p2 hv2 true
bind p3 hv2 false
ovn-sbctl clear Port_Binding p4 chassis -- set Port_Binding p4 up=false
ovn-nbctl sync
ovn-sbctl chassis-del hv1
ovn-nbctl sync
ovn-nbctl lsp-set-enabled p2 disabled
bind p3 hv2 true
mon p3 online
ovn-nbctl lsp-del p3
ovn-nbctl lsp-add s p7 -- set Load_Balancer lb1 ip_port_mappings:10.0.0.2=p7:10.0.0.254
ovn-nbctl sync
mon p7 online
